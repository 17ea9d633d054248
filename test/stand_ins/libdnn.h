/*
 * Copyright 2026 edgenext_ros contributors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the stand-in for libdnn.so share; libdnn.c says what it is.
 */
#pragma once

#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct { uint64_t phy; void *virt; uint32_t size; } Mem;
typedef struct { int32_t sizes[8], count; } Shape;
typedef struct {
  Shape valid, aligned;
  int32_t layout, type;
  struct { int32_t length; uint8_t *data; } shift;
  struct { int32_t length; float *data; int32_t zero_length; int8_t *zero_data; } scale;
  int32_t quanti_type, quantize_axis, aligned_byte_size, stride[8];
} Properties;
typedef struct { Mem mem[4]; Properties properties; } Tensor;
typedef struct {
  int32_t bpu_core, dsp_core, priority, more;
  int64_t custom_id;
  int32_t reserved[2];
} Control;

_Static_assert(sizeof(Mem) == 24 && offsetof(Mem, size) == 16, "hbSysMem");
_Static_assert(sizeof(Shape) == 36, "hbDNNTensorShape");
_Static_assert(sizeof(Properties) == 176 && offsetof(Properties, aligned) == 36 &&
               offsetof(Properties, layout) == 72 && offsetof(Properties, type) == 76 &&
               offsetof(Properties, shift) == 80 && offsetof(Properties, scale) == 96 &&
               offsetof(Properties, scale.data) == 104 &&
               offsetof(Properties, scale.zero_length) == 112 &&
               offsetof(Properties, scale.zero_data) == 120 &&
               offsetof(Properties, quanti_type) == 128 &&
               offsetof(Properties, aligned_byte_size) == 136 &&
               offsetof(Properties, stride) == 140, "hbDNNTensorProperties");
_Static_assert(sizeof(Tensor) == 272 && offsetof(Tensor, properties) == 96, "hbDNNTensor");
_Static_assert(sizeof(Control) == 32 && offsetof(Control, custom_id) == 16, "control");

enum {
  NV12 = 1, NV12_SEPARATE = 2, S8 = 8, S16 = 11, F32 = 13, S32 = 14,
  INVALID_ARGUMENT = -6000001, INVALID_MODEL = -6000002, INVALID_HANDLE = -6000005,
  CAN_NOT_OPEN = -6000006, TIMED_OUT = -6000008, TOO_MANY_TASKS = -6000009,
  INVALID_TASK = -6000011, TASK_FAILED = -6000012, INCOMPATIBLE = -6000014,
  API_USE = -6000015, SYS_INVALID_ARGUMENT = -6000129, SYS_OUT_OF_MEMORY = -6000130,
  MAX_TASKS = 32
};

/* One memory: virt is the CPU's view, device the BPU's. */
typedef struct Block {
  uint64_t phy;
  uint8_t *virt, *device;
  uint32_t size;
  struct Block *next;
} Block;
typedef struct {
  int models, inputs, outputs, type, layout, n, c, h, w, bytes;
  int classes, dtype, pad, stride, quanti, axis, scales, zeros, short_by, wait_code, refuse;
  int not_finite; /* a float output is NaN */
  int hang;  /* so many tasks hang until standin_release() */
  int busy_us; /* time that a task has the core */
  float *scale;
  int8_t *zero;
} Model;
typedef struct Task {
  Model *model;
  Tensor input, output;
  Control control;
  int hangs, born, done, place;
  struct Task *next;
} Task;

/* Held while any of the state below is read or changed. */
extern pthread_mutex_t lock;
extern pthread_cond_t changed;
extern Task *tasks;
extern Control last_control;
extern int generation, running, packed_count, infers, turn;

/* Note that a rule was broken. */
void violate(const char *text);
Block *find(uint64_t phy);
int standin_count(const char *what);
/* libdnn_core.c: join the queue of the core and return the place in it. */
int core_queue(int priority);
/* Wait until the core takes the task in this place. */
void core_take(int place);
/* Free the core; return how many tasks of all processes have ended. */
int core_give(int place);
/* Return the code that the test wants the function to fail with, or 0. */
int failing(const char *function);
#define FAIL_IF_TOLD() do { int code_ = failing(__func__); if (code_) return code_; } while (0)
