/*
 * Copyright 2026 edgenext_ros contributors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The stand-in for libdnn.so: one BPU core for all processes that name the same file in
 * $STANDIN_CORE. Without the variable every task has a core of its own.
 *
 * The file is a table of the tasks that wait or run. The core takes the task with the highest
 * priority, among equals the oldest, and never interrupts a running one. What it cannot show: how
 * long the real library needs from one task to the next, and that a task of priority 255 may
 * interrupt another model between two function calls (HB_DNN_PRIORITY_PREEMP in hb_dnn.h); models
 * that are compiled without a limit for the time of a function call consist of a single one.
 */
#include "libdnn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { PLACES = 64, LOOK_AGAIN_NS = 20000000 };

typedef struct {
  uint32_t changed; /* a futex: counts the tasks that have ended */
  uint64_t next;    /* ticket of the next task; 0 is a free place */
  struct { uint64_t ticket; int32_t pid, priority, running; } places[PLACES];
} Core;

/* Lock the table. A process that is killed frees the lock, because its descriptor is closed. */
static int open_locked(const char *path) {
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0 || flock(file, LOCK_EX)) abort();
  return file;
}

static void unlock(int file) {
  flock(file, LOCK_UN); /* close() alone would not: the mapping refers to the same open file */
  close(file);
}

static Core *shared(void) {
  static Core *core;
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  const char *path = getenv("STANDIN_CORE");
  pthread_mutex_lock(&once);
  if (!core && path) {
    int file = open_locked(path);
    if (ftruncate(file, sizeof *core)) abort();
    core = mmap(NULL, sizeof *core, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    unlock(file);
    if (core == MAP_FAILED) abort();
  }
  pthread_mutex_unlock(&once);
  return path ? core : NULL;
}

/* Return the place of the task that the core works on, or takes next; PLACES without one. */
static int first(Core *core) {
  int best = PLACES;
  for (int i = 0; i < PLACES; i++) {
    if (core->places[i].ticket && kill(core->places[i].pid, 0) && errno == ESRCH)
      core->places[i].ticket = 0; /* its process was killed */
    if (!core->places[i].ticket) continue;
    if (core->places[i].running) return i;
    if (best == PLACES || core->places[i].priority > core->places[best].priority ||
        (core->places[i].priority == core->places[best].priority &&
         core->places[i].ticket < core->places[best].ticket))
      best = i;
  }
  return best;
}

int core_queue(int priority) {
  Core *core = shared();
  int place = 0;
  if (!core) return PLACES;
  int file = open_locked(getenv("STANDIN_CORE"));
  while (place < PLACES && core->places[place].ticket) place++;
  if (place == PLACES) abort();
  core->places[place].pid = getpid();
  core->places[place].priority = priority;
  core->places[place].running = 0;
  core->places[place].ticket = ++core->next;
  unlock(file);
  return place;
}

void core_take(int place) {
  Core *core = shared();
  while (place < PLACES) {
    int file = open_locked(getenv("STANDIN_CORE"));
    uint32_t seen = core->changed;
    int mine = first(core) == place;
    if (mine) core->places[place].running = 1;
    unlock(file);
    if (mine) return;
    /* The limit is for a process that was killed while its task had the core. */
    const struct timespec limit = {0, LOOK_AGAIN_NS};
    syscall(SYS_futex, &core->changed, FUTEX_WAIT, seen, &limit, NULL, 0);
  }
}

int core_give(int place) {
  Core *core = shared();
  if (place >= PLACES) return 0;
  int file = open_locked(getenv("STANDIN_CORE"));
  core->places[place].ticket = 0;
  int turn = (int)++core->changed;
  unlock(file);
  syscall(SYS_futex, &core->changed, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
  return turn;
}
