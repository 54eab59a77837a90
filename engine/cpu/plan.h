/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network prepared for one input size and number of threads: packed weights,
 * the order of phases, and how each is cut up. A plan is immutable once made
 * and may be run by several callers at a time, each with memory of its own.
 *
 * Threads run a phase together and meet at a barrier behind it. A block of the
 * network becomes
 *
 *   rows    while maps are large: a thread owns rows of the output. Rows of the
 *           expansion go into a ring, from which the depthwise takes them; the
 *           projection follows at once, or behind a barrier when
 *           squeeze-and-excite has to know the whole map first.
 *   panels  once a panel of channels fits in L1: a thread owns channels. It
 *           expands a panel over the whole map into a zero-bordered buffer and
 *           convolves it there. The projection sums over the thread's own
 *           channels, so that each core reads its half of the weights and its
 *           own part of the map, and a reduction adds up what the threads have.
 */
#pragma once

#include "tile.h"
#include "weights.h"

/*
 * Floats between what two threads write. Prefetchers follow a walk over blocks
 * of channels some strides past its end; where they find lines that another
 * core is writing, that core has to take them back each time.
 */
#define REXNET_APART ((gsize) 64 << 10)

#define REXNET_MAX_THREADS 256

/* With more threads than these the sums of a split would cost too much. */
#define REXNET_MAX_SPLIT_K 8

typedef struct _RexnetPlan RexnetPlan;
typedef struct _RexnetBlockPlan RexnetBlockPlan;

/* Where a block's depthwise gets its input. */
typedef enum
{
  REXNET_SOURCE_EXPAND,         /* its own expansion of the block before */
  REXNET_SOURCE_MAP,            /* the block before as it is */
  REXNET_SOURCE_STEM,           /* the stem, row by row */
} RexnetSource;

struct _RexnetBlockPlan
{
  const RexnetBlock *net;
  RexnetSource source;
  RexnetPointwise expand, squeeze, excite, project;
  RexnetDepthwiseWeights depthwise;
  gboolean gated;               /* has squeeze-and-excite */
  RexnetFinish scaled;          /* what follows the gate */

  guint in_width, in_height, width, height;
  gsize in, out;                /* the maps, in floats from the memory's start */
  gsize in_plane, plane;        /* floats from a block of channels to the next */

  gboolean by_rows;
  gboolean split_k;             /* by panels: threads sum over their channels */

  /* rows: output columns of a pass, rows of output a step makes and of input
   * the ring holds */
  guint strip, band, depth;

  /* panels: floats from the buffer's start to each pixel inside its border */
  guint32 *offset;

  /* projection behind a barrier: pixels taken into L1 at a time */
  guint chunk;

  /* projection by gemm_sparse: the blocks of inputs that it takes at a time, so
   * that a panel's weights for them stay in L1; 0: by other products */
  guint sparse;
};

/* Floats from the start of a caller's memory. */
typedef struct
{
  gsize map[2];                 /* outputs of even and odd blocks */
  gsize depthwise;              /* the depthwise's whole output */
  gsize zero;                   /* a row of zeros */
  gsize squeezed, squeezed_stride;      /* each thread's part of a squeeze */
  gsize partial, partial_stride;        /* each thread's part of a projection */
  gsize crossed, crossed_stride;        /* each thread's, of paired products */
  gsize features[REXNET_MAX_CLASSIFIERS + 1];   /* blocks x batch vectors */
  gsize private, private_stride;        /* each thread's own, for one phase */
  gsize size;
} RexnetLayout;

/* One call, or one image of it. */
typedef struct
{
  const RexnetPlan *plan;
  float *memory;                /* plan->layout.size floats */
  const float *input;           /* 3 x height x width of the image */
  guint image, batch;           /* its place */
  float *logits;                /* batch x classes */
} RexnetFrame;

typedef struct _RexnetStep RexnetStep;

struct _RexnetStep
{
  void (*run) (const RexnetFrame * frame, const RexnetStep * step,
      guint thread);
  const RexnetBlockPlan *block; /* or NULL */
  guint index;                  /* of a classifier */
  gboolean once;                /* for all images of a call together */
  RexnetPhase phase;
};

struct _RexnetPlan
{
  const RexnetNetwork *net;
  RexnetKernels kernels;
  guint threads, batch, width, height;  /* input pixels */
  RexnetTile tile;

  RexnetPointwise stem, head, classifier[REXNET_MAX_CLASSIFIERS];
  RexnetBlockPlan *blocks;
  guint map_width, map_height;  /* of the head */
  gsize map_plane;

  GArray *steps;                /* RexnetStep */
  RexnetLayout layout;
  gpointer weights;
  gsize weight_bytes;
};

/* Decides everything and lays the weights out; they are zeros so far.
 * Returns: NULL with REXNET_ERROR_MEMORY or REXNET_ERROR_UNSUPPORTED */
RexnetPlan *rexnet_plan_new (const RexnetNetwork * net, RexnetIsa isa,
    guint threads, guint batch, guint width, guint height, GError ** error);

/* @plan: (nullable), half-built or whole. */
void rexnet_plan_free (RexnetPlan * plan);

/* Packs the weights: the part of one thread among @threads. */
void rexnet_plan_pack (RexnetPlan * plan, guint thread, guint threads);

/* ---- what phases share ---------------------------------------------------- */

/* Asks for the lines of what will be read soon. */
static inline void
rexnet_fetch (const float *from, gsize floats)
{
  const gsize line = 64 / sizeof (float);

  for (gsize i = 0; i < floats; i += line)
    __builtin_prefetch (from + i);
}

static inline float *
rexnet_frame_buffer (const RexnetFrame * frame, gsize floats)
{
  return frame->memory + floats;
}

static inline float *
rexnet_frame_private (const RexnetFrame * frame, guint thread)
{
  const RexnetLayout *layout = &frame->plan->layout;

  return frame->memory + layout->private + thread * layout->private_stride;
}

/* The output of @thread's depthwise: blocks of channels a plane apart, from
 * block 0 on, of which by panels only the thread's own may be touched. */
static inline float *
rexnet_frame_depthwise (const RexnetFrame * frame,
    const RexnetBlockPlan * block, guint thread)
{
  const RexnetLayout *layout = &frame->plan->layout;

  return frame->memory + layout->depthwise
      + (block->split_k ? thread * REXNET_APART : 0);
}

static inline float *
rexnet_frame_partial (const RexnetFrame * frame, guint thread)
{
  const RexnetLayout *layout = &frame->plan->layout;

  return frame->memory + layout->partial + thread * layout->partial_stride;
}

static inline float *
rexnet_frame_squeezed (const RexnetFrame * frame, guint thread)
{
  const RexnetLayout *layout = &frame->plan->layout;

  return frame->memory + layout->squeezed + thread * layout->squeezed_stride;
}

/* For what cross () makes of the pixels that a thread works on. */
static inline float *
rexnet_frame_crossed (const RexnetFrame * frame, guint thread)
{
  const RexnetLayout *layout = &frame->plan->layout;

  return frame->memory + layout->crossed + thread * layout->crossed_stride;
}

/* The phases. */
void rexnet_step_rows (const RexnetFrame *, const RexnetStep *, guint);
void rexnet_step_panels (const RexnetFrame *, const RexnetStep *, guint);
void rexnet_step_project (const RexnetFrame *, const RexnetStep *, guint);
void rexnet_step_reduce (const RexnetFrame *, const RexnetStep *, guint);
void rexnet_step_head (const RexnetFrame *, const RexnetStep *, guint);
void rexnet_step_add_up (const RexnetFrame *, const RexnetStep *, guint);
void rexnet_step_classifier (const RexnetFrame *, const RexnetStep *, guint);

/* Copies what the last classifier saw of the frame's images, once its steps
 * have run. @features: batch x rexnet_network_features () floats */
void rexnet_frame_read_features (const RexnetFrame * frame, float *features);

/* The blocks of inputs of which gemm_sparse's weights for panels of @columns
 * vectors take three quarters of L1; sums and inputs only pass through. */
guint rexnet_sparse_chunk (guint vl, guint columns);

/* What a block's plan says of itself, from its shape and what was chosen before:
 * by_rows, strip, sparse, chunk. */
gboolean rexnet_choose_rows (const RexnetPlan * plan,
    const RexnetBlockPlan * block);
guint rexnet_choose_strip (const RexnetPlan * plan,
    const RexnetBlockPlan * block);
guint rexnet_choose_sparse (const RexnetPlan * plan, const RexnetBlock * net);
guint rexnet_choose_chunk (const RexnetPlan * plan,
    const RexnetBlockPlan * block);

/* Lists them in the order of @plan, which is otherwise complete. */
void rexnet_plan_add_steps (RexnetPlan * plan);

/* The floats of a ring for @strip output columns. */
gsize rexnet_rows_ring (const RexnetPlan * plan,
    const RexnetBlockPlan * block, guint strip);

/* The pixels that they cross at a time. */
guint rexnet_rows_crossed (const RexnetBlockPlan * block);

/* The private memory they need, in floats. */
gsize rexnet_rows_private (const RexnetPlan * plan,
    const RexnetBlockPlan * block);
gsize rexnet_panels_private (const RexnetPlan * plan,
    const RexnetBlockPlan * block);
gsize rexnet_project_private (const RexnetPlan * plan,
    const RexnetBlockPlan * block);
gsize rexnet_head_private (const RexnetPlan * plan);

/* ---- projection, shared by all three ---------------------------------------- */

/* Which inputs of a projection, and where its pixels come from and go to. */
typedef struct
{
  const float *a;
  gsize a_block;
  guint block, end;             /* blocks of input channels */
  gsize pixel;                  /* the first, within the output map */
  guint pixels;
  const float *gate;            /* for all input channels; NULL: behind them */
  float *partial;               /* the map of sums; NULL: the output itself */
  gboolean prefetch;            /* the weights are read for the first time */
} RexnetProjection;

void rexnet_project (const RexnetFrame * frame, const RexnetBlockPlan * block,
    const RexnetProjection * p, guint thread);

/* Adds this thread's part of the squeeze: @pool has the sums of the channels
 * of blocks @block to @end, from channel 0 on. */
void rexnet_squeeze (const RexnetFrame * frame, const RexnetBlockPlan * plan,
    const float *pool, guint block, guint end, guint thread);
