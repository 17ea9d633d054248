/*
 * Copyright 2026 edgenext_ros contributors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stand-in for the board's libdnn.so, written from the documented interface: it has the same
 * structs, the same rules, and watches that they are kept. Every memory is two: what the CPU
 * sees through its cache, and what the BPU sees; only a flush copies from one to the other, so a
 * forgotten flush gives stale data. Tasks run in threads of their own and may be late; by request
 * they share one core with other processes, see libdnn_core.c.
 *
 * What it cannot show: timing, the real cache and its partial write-backs, the real texts of the
 * errors, how the real library lays out NV12 whose width is not a multiple of 16 (rows at
 * multiples of 16 are assumed), and whether a real model's values are right.
 *
 * A model file is a .bin whose program is text: STANDIN key=value ... with the keys of parse()
 * below; standin_model.py in this folder writes such files and computes what such a model must
 * answer. The rest of the file is not looked at.
 */
#include "libdnn.h"

/* ---- models ---- */

static int parse(FILE *file, Model *m) {
  const char *magic = "STANDIN", *at = magic;
  char key[32];
  int value, c;
  *m = (Model){.models = 1, .inputs = 1, .outputs = 1, .type = NV12, .layout = 2, .n = 1, .c = 3,
               .h = 16, .w = 32, .bytes = -1, .classes = 10, .dtype = F32, .axis = 1};
  const struct { const char *key; int *value; } keys[] = {
      {"models", &m->models}, {"inputs", &m->inputs}, {"outputs", &m->outputs},
      {"type", &m->type}, {"layout", &m->layout}, {"n", &m->n}, {"c", &m->c}, {"h", &m->h},
      {"w", &m->w}, {"bytes", &m->bytes}, {"classes", &m->classes}, {"dtype", &m->dtype},
      {"pad", &m->pad}, {"stride", &m->stride}, {"quanti", &m->quanti}, {"axis", &m->axis},
      {"scales", &m->scales}, {"zeros", &m->zeros}, {"short_by", &m->short_by},
      {"wait_code", &m->wait_code}, {"refuse", &m->refuse}, {"hang", &m->hang},
      {"not_finite", &m->not_finite}, {"busy_us", &m->busy_us}};
  while (*at && (c = getc(file)) != EOF) at = c == *at ? at + 1 : magic + (c == *magic);
  if (*at) return INVALID_MODEL;
  while (fscanf(file, " %31[a-z_]=%d", key, &value) == 2) {
    size_t i = 0;
    while (i < sizeof keys / sizeof *keys && strcmp(key, keys[i].key)) i++;
    if (i == sizeof keys / sizeof *keys) return INVALID_MODEL;
    *keys[i].value = value;
  }
  if (m->refuse) return m->refuse;
  m->scale = malloc(sizeof(float) * (m->scales + 1));
  m->zero = malloc(m->zeros + 1);
  for (int i = 0; i < m->scales; i++) m->scale[i] = 0.5f + (float)i / 64;
  for (int i = 0; i < m->zeros; i++) m->zero[i] = (int8_t)(i % 5 - 2);
  return 0;
}

int32_t hbDNNInitializeFromFiles(void **packed, const char **names, int32_t count) {
  FAIL_IF_TOLD();
  if (count != 1) return INVALID_ARGUMENT;
  FILE *file = fopen(names[0], "r");
  if (!file) return CAN_NOT_OPEN;
  Model *m = calloc(1, sizeof *m);
  int code = parse(file, m);
  fclose(file);
  if (code) { free(m); return code; }
  packed_count++;
  *packed = m;
  return 0;
}

int32_t hbDNNRelease(void *packed) {
  FAIL_IF_TOLD();
  Model *m = packed;
  pthread_mutex_lock(&lock);
  for (Task *t = tasks; t; t = t->next)
    if (t->model == m) violate("model released before its task");
  pthread_mutex_unlock(&lock);
  packed_count--;
  /* Poison what belongs to the model: nobody may use it from here on. */
  memset(m->scale, 0xFF, sizeof(float) * m->scales);
  free(m->scale);
  free(m->zero);
  free(m);
  return 0;
}

int32_t hbDNNGetModelNameList(const char ***names, int32_t *count, void *packed) {
  FAIL_IF_TOLD();
  static const char *list[] = {"standin", "second"};
  *names = list;
  *count = ((Model *)packed)->models;
  return 0;
}

int32_t hbDNNGetModelHandle(void **handle, void *packed, const char *name) {
  FAIL_IF_TOLD();
  *handle = strcmp(name, "standin") ? NULL : packed;
  return *handle ? 0 : INVALID_HANDLE;
}

int32_t hbDNNGetInputCount(int32_t *count, void *handle) {
  FAIL_IF_TOLD();
  *count = ((Model *)handle)->inputs;
  return 0;
}

int32_t hbDNNGetOutputCount(int32_t *count, void *handle) {
  FAIL_IF_TOLD();
  *count = ((Model *)handle)->outputs;
  return 0;
}

static int pitch_of(const Model *m) { return (m->w + 15) / 16 * 16; }

int32_t hbDNNGetInputTensorProperties(Properties *p, void *handle, int32_t index) {
  FAIL_IF_TOLD();
  Model *m = handle;
  if (index >= m->inputs) return INVALID_ARGUMENT;
  memset(p, 0, sizeof *p);
  p->valid = m->layout == 0 ? (Shape){{m->n, m->h, m->w, m->c}, 4}
                            : (Shape){{m->n, m->c, m->h, m->w}, 4};
  p->aligned = p->valid;
  p->aligned.sizes[m->layout == 0 ? 2 : 3] = pitch_of(m) + 16; /* not what infer wants */
  p->layout = m->layout;
  p->type = m->type;
  p->aligned_byte_size = m->bytes >= 0 ? m->bytes : pitch_of(m) * m->h * 3 / 2;
  return 0;
}

static int item_size(int type) { return type == S8 ? 1 : type == S16 ? 2 : 4; }

int32_t hbDNNGetOutputTensorProperties(Properties *p, void *handle, int32_t index) {
  FAIL_IF_TOLD();
  Model *m = handle;
  if (index >= m->outputs) return INVALID_ARGUMENT;
  int item = item_size(m->dtype), step = m->pad ? m->pad : 1;
  memset(p, 0, sizeof *p);
  p->valid = p->aligned = (Shape){{1, m->classes, 1, 1}, 4};
  if (m->stride) {
    const int32_t strides[] = {m->classes * step * item, step * item, step * item, item};
    memcpy(p->stride, strides, sizeof strides);
  } else {
    p->aligned.sizes[3] = step;
  }
  p->layout = 2;
  p->type = m->dtype;
  p->quanti_type = m->quanti;
  p->quantize_axis = m->axis;
  p->scale.length = m->scales;
  p->scale.data = m->scales ? m->scale : NULL;
  p->scale.zero_length = m->zeros;
  p->scale.zero_data = m->zeros ? m->zero : NULL;
  p->aligned_byte_size = m->classes * step * item - m->short_by;
  return 0;
}

/* ---- tasks ---- */

/* Every byte counts, by its place and the class. */
static int64_t score(const Task *t, const uint8_t *y, const uint8_t *uv, int k) {
  const Model *m = t->model;
  int64_t sum = 0, j = 0;
  for (int row = 0; row < m->h * 3 / 2; row++) {
    const uint8_t *line = row < m->h ? y + row * pitch_of(m) : uv + (row - m->h) * pitch_of(m);
    for (int column = 0; column < m->w; column++, j++)
      sum += line[column] * ((j * 7 + k * 13) % 31 + 1);
  }
  return sum;
}

static void compute(Task *t) {
  Model *m = t->model;
  Block *in = find(t->input.mem[0].phy), *out = find(t->output.mem[0].phy);
  Block *second = t->input.mem[1].phy ? find(t->input.mem[1].phy) : NULL;
  if (!in || !out || (m->type == NV12_SEPARATE && !second)) {
    violate("task ran on freed memory");
    return;
  }
  const uint8_t *uv = second ? second->device : in->device + m->h * pitch_of(m);
  int step = m->pad ? m->pad : 1;
  for (int k = 0; k < m->classes; k++) {
    int64_t sum = score(t, in->device, uv, k);
    for (int i = 0; i < step; i++, sum = -1 - i) { /* padding holds other values */
      void *at = out->device + (size_t)(k * step + i) * item_size(m->dtype);
      if (m->dtype == S8) *(int8_t *)at = (int8_t)(sum % 251 - 125);
      else if (m->dtype == S16) *(int16_t *)at = (int16_t)(sum % 60001 - 30000);
      else if (m->dtype == S32) *(int32_t *)at = (int32_t)(sum % 2000000011 - 1000000000);
      else *(float *)at = m->not_finite ? NAN : (float)((double)sum / 1024);
    }
  }
}

static void *run(void *argument) {
  Task *t = argument;
  int place = t->place;
  core_take(place);
  usleep(t->model->busy_us);
  pthread_mutex_lock(&lock);
  while (t->hangs && generation == t->born) pthread_cond_wait(&changed, &lock);
  compute(t);
  turn = core_give(place);
  t->done = 1;
  running--;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  return NULL;
}

int32_t hbDNNInfer(void **handle, Tensor **output, const Tensor *input, void *model,
                   Control *control) {
  FAIL_IF_TOLD();
  Model *m = model;
  const Properties *p = &input->properties;
  int count = standin_count("tasks");
  if (*handle) {
    violate("task handle not NULL before infer");
    return API_USE;
  }
  if (count >= MAX_TASKS) return TOO_MANY_TASKS;
  if (memcmp(&p->aligned, &p->valid, sizeof(Shape)) || control->bpu_core < 0 ||
      control->bpu_core > 2 || control->priority < 0 || control->priority > 255)
    return INVALID_ARGUMENT;
  uint32_t luma = pitch_of(m) * m->h, all = luma * 3 / 2;
  if (m->type == NV12 ? input->mem[0].size < all
                      : input->mem[0].size < luma || input->mem[1].size < all - luma)
    return INVALID_ARGUMENT;
  for (int i = 0; i < m->outputs; i++)
    if ((int64_t)(*output)[i].mem[0].size < (*output)[i].properties.aligned_byte_size)
      return INVALID_ARGUMENT;
  Task *t = calloc(1, sizeof *t);
  *t = (Task){.model = m, .input = *input, .output = **output, .hangs = m->hang > 0,
              .place = core_queue(control->priority)};
  m->hang -= t->hangs;
  pthread_mutex_lock(&lock);
  infers++;
  running++;
  pthread_cond_broadcast(&changed);
  last_control = *control;
  t->born = generation;
  t->next = tasks;
  tasks = t;
  pthread_t thread;
  pthread_create(&thread, NULL, run, t);
  pthread_detach(thread);
  pthread_mutex_unlock(&lock);
  *handle = t;
  return 0;
}

static int alive(const Task *t) {
  for (Task *other = tasks; other; other = other->next) if (other == t) return 1;
  return 0;
}

int32_t hbDNNWaitTaskDone(void *handle, int32_t timeout_ms) {
  Task *t = handle;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += timeout_ms / 1000;
  until.tv_nsec += timeout_ms % 1000 * 1000000L;
  if (until.tv_nsec >= 1000000000L) { until.tv_sec++; until.tv_nsec -= 1000000000L; }
  int code = 0, late = 0;
  pthread_mutex_lock(&lock);
  if (!alive(t)) code = INVALID_TASK;
  while (!code && !t->done && !late)
    late = timeout_ms > 0 ? pthread_cond_timedwait(&changed, &lock, &until)
                          : pthread_cond_wait(&changed, &lock);
  if (!code) code = !t->done ? TIMED_OUT : t->model->wait_code;
  if (!code) code = failing(__func__); /* the task has ended, and failed */
  pthread_mutex_unlock(&lock);
  return code;
}

int32_t hbDNNReleaseTask(void *handle) {
  FAIL_IF_TOLD();
  Task *t = handle;
  pthread_mutex_lock(&lock);
  int known = alive(t);
  if (!known) violate("task released twice, or never begun");
  else if (!t->done) violate("task released while it runs");
  if (known && t->done) {
    Task **at = &tasks;
    while (*at != t) at = &(*at)->next;
    *at = t->next;
    free(t);
  }
  pthread_mutex_unlock(&lock);
  return known ? 0 : INVALID_TASK;
}
