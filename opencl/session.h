/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network on one OpenCL device. Frames go through slots: a slot has a queue
 * that brings its input to the device and converts it, while the one queue of
 * the network still works on another slot's frame. Threads take turns.
 */
#pragma once

#include "backend.h"
#include "command-buffer.h"
#include "picture.h"

typedef struct
{
  cl_command_queue queue;       /* uploads, pictures */
  cl_mem input;                 /* of the session's ports */
  RexnetClPicture picture;
  RexnetClCommandBuffer recorded;       /* the network for a full batch */
  float *staging;               /* options.batch x ports.stride */
  gboolean busy;
} RexnetClSlot;

typedef struct
{
  RexnetSession parent;
  RexnetClGraph graph;
  RexnetClProgram programs[2];  /* as in the graph */
  RexnetClPorts ports;
  guint width, height, classes, features;

  GMutex lock;                  /* of slots' busy */
  GCond freed;
  RexnetClSlot slot[REXNET_CL_SLOTS];
  GMutex network;               /* the graph's queue and kernel arguments */
} RexnetClSession;

/* RexnetBackend.open, with tiles of one's own.
 * @tiles: (nullable): those that fit the device best, as far as is known */
RexnetSession *rexnet_cl_session_open (const RexnetNetwork * net,
    const RexnetInput * input, const RexnetEngineOptions * options,
    const RexnetClTiles * tiles, GError ** error);

/* RexnetBackend.profile; with no call running. */
GArray *rexnet_cl_session_profile (RexnetSession * session, guint runs,
    GError ** error);
