/*
 * Copyright 2026 edgenext_ros contributors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The stand-in for libdnn.so: its memory, its error texts, and what the tests ask and command.
 */
#include "libdnn.h"

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
Task *tasks;
Control last_control;
int generation, running, packed_count, infers, turn;

static Block *blocks;
static int violations, fail_code, fail_after;
static char fail_name[64], violation_text[256];
static uint64_t next_phy = 0x1000;

void violate(const char *text) {
  violations++;
  snprintf(violation_text, sizeof violation_text, "%s", text);
}

/* ---- what the tests ask and command ---- */

int standin_count(const char *what) {
  int count = 0;
  pthread_mutex_lock(&lock);
  if (!strcmp(what, "memories")) for (Block *b = blocks; b; b = b->next) count++;
  else if (!strcmp(what, "tasks")) for (Task *t = tasks; t; t = t->next) count++;
  else if (!strcmp(what, "models")) count = packed_count;
  else if (!strcmp(what, "running")) count = running;
  else if (!strcmp(what, "infers")) count = infers;
  else if (!strcmp(what, "turn")) count = turn;
  else if (!strcmp(what, "violations")) count = violations;
  else if (!strcmp(what, "bpu_core")) count = last_control.bpu_core;
  else if (!strcmp(what, "priority")) count = last_control.priority;
  else count = -1;
  pthread_mutex_unlock(&lock);
  return count;
}

const char *standin_violation(void) { return violation_text; }

/* Let the function fail with the code, after so many successes. */
void standin_fail(const char *function, int code, int after) {
  snprintf(fail_name, sizeof fail_name, "%s", function);
  fail_code = code;
  fail_after = after;
}

/* End every task that hangs now. */
void standin_release(void) {
  pthread_mutex_lock(&lock);
  generation++;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

/* Wait until no task runs. */
void standin_join(void) {
  pthread_mutex_lock(&lock);
  while (running) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

/* Wait until so many tasks run at once; return 0 when they do not within 20 seconds. */
int standin_wait_for_running(int wanted) {
  struct timespec until;
  int late = 0;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 20;
  pthread_mutex_lock(&lock);
  while (running < wanted && !late) late = pthread_cond_timedwait(&changed, &lock, &until);
  pthread_mutex_unlock(&lock);
  return !late;
}

/* Forget violations and faults between two tests. */
void standin_reset(void) {
  violations = infers = 0;
  fail_name[0] = violation_text[0] = 0;
}

int failing(const char *function) {
  return !strcmp(function, fail_name) && fail_after-- == 0 ? fail_code : 0;
}
/* ---- texts ---- */

const char *hbDNNGetVersion(void) { return "0.0.1-standin"; }

const char *hbDNNGetErrorDesc(int32_t code) {
  switch (code) {
    case INVALID_ARGUMENT: return "standin: invalid argument";
    case INVALID_MODEL: return "standin: invalid model";
    case INVALID_HANDLE: return "standin: invalid handle";
    case CAN_NOT_OPEN: return "standin: cannot open file";
    case TIMED_OUT: return "standin: timeout";
    case TOO_MANY_TASKS: return "standin: too many tasks";
    case INVALID_TASK: return "standin: invalid task";
    case TASK_FAILED: return "standin: task failed";
    case INCOMPATIBLE: return "standin: incompatible model";
    case API_USE: return "standin: wrong use of the interface";
    case SYS_OUT_OF_MEMORY: return "standin: sys: out of memory";
    case SYS_INVALID_ARGUMENT: return "standin: sys: invalid argument";
    default: return NULL;
  }
}

/* ---- memory ---- */

Block *find(uint64_t phy) {
  for (Block *b = blocks; b; b = b->next) if (b->phy == phy) return b;
  return NULL;
}

static int used_by_running_task(uint64_t phy) {
  for (Task *t = tasks; t; t = t->next)
    for (int i = 0; i < 4; i++)
      if (!t->done && (t->input.mem[i].phy == phy || t->output.mem[i].phy == phy)) return 1;
  return 0;
}

int32_t hbSysAllocCachedMem(Mem *mem, uint32_t size) {
  FAIL_IF_TOLD();
  if (!size || size > 1u << 28) return SYS_INVALID_ARGUMENT;
  const char *device = getenv("STANDIN_DEVICE"); /* no memory while this file is absent */
  if (device && access(device, F_OK)) return SYS_OUT_OF_MEMORY;
  Block *b = calloc(1, sizeof *b);
  b->size = size;
  b->virt = malloc(size);
  b->device = malloc(size);
  memset(b->virt, 0xA5, size);
  memset(b->device, 0x5A, size);
  pthread_mutex_lock(&lock);
  b->phy = next_phy;
  next_phy += 0x10000000;
  b->next = blocks;
  blocks = b;
  pthread_mutex_unlock(&lock);
  mem->phy = b->phy;
  mem->virt = b->virt;
  mem->size = size;
  return 0;
}

int32_t hbSysFreeMem(Mem *mem) {
  FAIL_IF_TOLD();
  pthread_mutex_lock(&lock);
  Block **at = &blocks;
  while (*at && (*at)->phy != mem->phy) at = &(*at)->next;
  Block *b = *at;
  if (!b) violate("memory freed twice, or never allocated");
  else if (used_by_running_task(b->phy)) violate("memory freed under a running task");
  if (b) *at = b->next;
  pthread_mutex_unlock(&lock);
  if (!b) return SYS_INVALID_ARGUMENT;
  free(b->virt);
  free(b->device);
  free(b);
  return 0;
}

int32_t hbSysFlushMem(Mem *mem, int32_t flag) {
  FAIL_IF_TOLD();
  pthread_mutex_lock(&lock);
  Block *b = find(mem->phy);
  if (b && used_by_running_task(b->phy)) violate("memory flushed under a running task");
  if (b && flag == 1) memcpy(b->virt, b->device, b->size);
  if (b && flag == 2) memcpy(b->device, b->virt, b->size);
  pthread_mutex_unlock(&lock);
  return b && (flag == 1 || flag == 2) ? 0 : SYS_INVALID_ARGUMENT;
}
