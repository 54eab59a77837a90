/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backend is a table of functions; a session is a network prepared for one
 * of its devices. rexnet_engine_*() validates arguments, serialises calls
 * where the backend asks for it, and trusts nobody; sessions trust it.
 */
#pragma once

#include "network.h"

typedef struct _RexnetBackend RexnetBackend;

/* Backends embed this at the start of their own session. */
typedef struct
{
  const RexnetBackend *backend;
} RexnetSession;

/* Where the results of a call go. */
typedef struct
{
  float *scores;                /* batch x classes: logits or probabilities */
  float *features;              /* batch x features; NULL: not asked for */
} RexnetOutput;

/*
 * Makes part @part of @parts of the input of image @image. Parts may be made at
 * the same time, each by a thread with a number of its own below the session's.
 */
typedef void (*RexnetPrepareFunc) (gpointer data, guint image, guint thread,
    guint part, guint parts);

struct _RexnetBackend
{
  const char *name;             /* "cpu" */

  /* Whether @device names this backend or one of its devices; "auto" names a
   * backend that is better than the CPU and has a device here. */
  gboolean (*handles) (const char *device);

  /* @net, @input and @options are complete (no zeros left but device, threads
   * and isa) and outlive the session. The error is set on NULL. */
  RexnetSession *(*open) (const RexnetNetwork * net, const RexnetInput * input,
      const RexnetEngineOptions * options, GError ** error);
  void (*close) (RexnetSession * session);

  /* To logits. */
  gboolean (*run) (RexnetSession * session, const float *input, guint batch,
      const RexnetOutput * output, GError ** error);

  /* Optional: as run, on an input that @prepare makes first. */
  gboolean (*run_prepared) (RexnetSession * session,
      RexnetPrepareFunc prepare, gpointer data, const float *input,
      guint batch, const RexnetOutput * output, GError ** error);

  /* Optional: the whole path of pictures on the device, to probabilities.
   * NULL: the engine preprocesses on the CPU, in run_prepared if there is that,
   * and else calls run. */
  gboolean (*classify) (RexnetSession * session, const RexnetImage * images,
      guint batch, const RexnetOutput * output, GError ** error);

  /* Fills device, isa, threads, weight_bytes, scratch_bytes. */
  void (*get_info) (RexnetSession * session, RexnetEngineInfo * info);

  /* element-type RexnetPhase; runs == 0: the plan without times. */
  GArray *(*profile) (RexnetSession * session, guint runs, GError ** error);

  gboolean concurrent;          /* run may be called from several threads; how many
                                 * of them get on at a time is the session's affair */
};

extern const RexnetBackend rexnet_backend_cpu;
extern const RexnetBackend rexnet_backend_opencl;

/* Appends the OpenCL devices to @list, of RexnetDevice (transfer full). */
void rexnet_opencl_list (GPtrArray * list);

/* rexnet_device_tune() */
gboolean rexnet_opencl_tune (const RexnetEngineOptions * options,
    char **report, GError ** error);
