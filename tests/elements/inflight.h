/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of several frames in flight share. */
#pragma once

#include "rgb.h"

#define THREADS 3
#define LAUNCH "rexnetclassify scheduling=throughput threads=3"

/* What arrives behind the element, in order: frame 7 is "7", a caps event
 * "caps", ... and what happens to frames there. */
typedef struct
{
  GMutex lock;
  GCond changed;
  GString *log;                 /* to be freed by the test */
  gboolean held;                /* frames wait */
  guint holding;
  guint refused;                /* this frame gets flow */
  GstFlowReturn flow;
} Sink;

/* @sink: (out caller-allocates): outlives @h */
void watch (GstHarness * h, Sink * sink);
void set_held (Sink * sink, gboolean held);

void push_segment (GstHarness * h);
/* Pushes frames @from to @to - 1. Returns: the first flow that is not OK */
GstFlowReturn push_frames (GstHarness * h, guint from, guint to);
/* Pushes frame 0, and returns when it is held at the sink. */
void hold_first_frame (GstHarness * h, Sink * sink);
