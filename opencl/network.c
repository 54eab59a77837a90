/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "arena.h"
#include "layers.h"

/* Steps that lifetimes are counted in: the stem's, then these of each block,
 * then one for the head and each classifier. */
enum
{ EXPAND, FILTER, SQUEEZE, EXCITE, PROJECT, N_STEPS };

/* Where a block puts what it computes: indices of spans. */
typedef struct
{
  guint strip;                  /* of a fused launch; 0: two launches */
  guint expanded, filtered, mean, squeezed, gate, output;
} Places;

typedef struct
{
  RexnetClGraph *graph;
  const RexnetNetwork *net;
  guint width, height;          /* of the stem's output */
  GArray *spans;                /* RexnetClSpan */
  cl_mem *memory;               /* of each span */
  Places *block;
  guint stem, head, classifier[REXNET_MAX_CLASSIFIERS];
} Builder;

/*
 * At precision f16 weights, and maps inside a block, are half from this block
 * on. What is lost in the ones before it the later ones amplify most.
 */
#define FIRST_HALF_BLOCK 6

static gboolean
is_half (const Builder * b, guint index)
{
  return b->graph->half && index >= FIRST_HALF_BLOCK;
}

/* ---- memory -------------------------------------------------------------- */

static guint
add_span (Builder * b, gsize size, guint first, guint last)
{
  RexnetClSpan span = { size * b->graph->batch, first, last, 0 };

  g_array_append_val (b->spans, span);
  return b->spans->len - 1;
}

/* With the tail that kernels/common.cl wants. */
static guint
add_map (Builder * b, guint channels, guint pixels, gboolean half,
    guint first, guint last)
{
  const RexnetClTiles *t = &b->graph->tiles;
  guint index = add_span (b, rexnet_cl_graph_map_size (b->graph, channels,
          pixels, half), first, last);

  g_array_index (b->spans, RexnetClSpan, index).size += (gsize) t->pw_x
      * t->pw_p * t->cb * sizeof (float);
  return index;
}

static guint
add_vector (Builder * b, guint channels, guint first, guint last)
{
  return add_span (b, rexnet_cl_round_up (channels, b->graph->tiles.cb)
      * sizeof (float), first, last);
}

static void
keep_until (Builder * b, guint span, guint step)
{
  g_array_index (b->spans, RexnetClSpan, span).last = step;
}

/* @w, @h: of its input, and then of its output; @input: where that lies */
static void
plan_block (Builder * b, guint index, guint input, guint * w, guint * h)
{
  const RexnetBlock *block = &b->net->blocks[index];
  const guint first = 1 + index * N_STEPS;
  const gboolean half = is_half (b, index);
  Places *at = &b->block[index];

  at->strip = rexnet_cl_fused_strip (b->graph, block, *w, *h, half);
  if (rexnet_conv_present (&block->expand) && !at->strip)
    at->expanded = add_map (b, block->expand.out, *w * *h, half,
        first + EXPAND, first + FILTER);
  keep_until (b, input, first + (block->residual ? PROJECT : FILTER));
  *w = rexnet_conv_out_size (&block->depthwise, *w);
  *h = rexnet_conv_out_size (&block->depthwise, *h);
  at->filtered = add_map (b, block->depthwise.out, *w * *h, half,
      first + FILTER, first + PROJECT);
  if (rexnet_conv_present (&block->se_reduce)) {
    at->mean = add_vector (b, block->depthwise.out, first + FILTER,
        first + SQUEEZE);
    at->squeezed = add_vector (b, block->se_reduce.out, first + SQUEEZE,
        first + EXCITE);
    at->gate = add_vector (b, block->depthwise.out, first + EXCITE,
        first + PROJECT);
  }
  at->output = add_map (b, block->project.out, *w * *h, FALSE,
      first + PROJECT, first + PROJECT);
}

static void
plan_memory (Builder * b)
{
  const RexnetNetwork *net = b->net;
  guint step = 1 + net->n_blocks * N_STEPS;
  guint w = b->width, h = b->height, map;

  map = b->stem = add_map (b, net->stem.out, w * h, FALSE, 0, 0);
  for (guint i = 0; i < net->n_blocks; i++) {
    plan_block (b, i, map, &w, &h);
    map = b->block[i].output;
  }
  keep_until (b, map, step);
  /* Scores and features are read behind the last step. */
  b->head = add_vector (b, net->head.out, step, G_MAXUINT);
  for (guint i = 0; i < net->n_classifiers; i++)
    b->classifier[i] = add_vector (b, net->classifier[i].out, step + i + 1,
        G_MAXUINT);
}

static void
make_memory (Builder * b)
{
  RexnetClGraph *g = b->graph;
  RexnetClSpan *spans = (RexnetClSpan *) b->spans->data;
  gsize total = rexnet_cl_arena_plan (spans, b->spans->len,
      g->device->alignment);
  cl_mem arena = rexnet_cl_graph_buffer (g, total);

  b->memory = g_new (cl_mem, b->spans->len);
  for (guint i = 0; i < b->spans->len; i++)
    b->memory[i] = rexnet_cl_graph_part (g, arena, spans[i].offset,
        spans[i].size);
}

/* ---- layers -------------------------------------------------------------- */

static RexnetClMap
add_block (Builder * b, guint index, RexnetClMap x)
{
  static const char *const parts[] = { "expand", "depthwise", "squeeze",
    "excite", "project", "expand, depthwise"
  };
  RexnetClGraph *g = b->graph;
  const RexnetBlock *block = &b->net->blocks[index];
  const Places *at = &b->block[index];
  const gboolean se = rexnet_conv_present (&block->se_reduce);
  const gboolean half = is_half (b, index);
  const RexnetActivation act = se && block->se_first ? REXNET_ACTIVATION_NONE
      : block->depthwise.activation;
  cl_mem filtered = b->memory[at->filtered];
  cl_mem mean = se ? b->memory[at->mean] : NULL;
  cl_mem gate = se ? b->memory[at->gate] : NULL;
  char name[G_N_ELEMENTS (parts)][48];
  RexnetClMap map = x;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_snprintf (name[i], sizeof name[i], "block %u %s", index + 1, parts[i]);
  if (at->strip) {
    map = rexnet_cl_add_expand_depthwise (g, name[5], block, act, map,
        filtered, mean, at->strip, half);
  } else {
    if (rexnet_conv_present (&block->expand))
      map = rexnet_cl_add_expand (g, name[0], &block->expand, map,
          b->memory[at->expanded], half);
    map = rexnet_cl_add_depthwise (g, name[1], &block->depthwise, act, map,
        filtered, mean, half);
  }
  if (se) {
    RexnetClMap pooled = { mean, map.channels, 1, 1, FALSE };

    pooled = rexnet_cl_add_dense (g, name[2], &block->se_reduce, pooled,
        b->memory[at->squeezed], half);
    rexnet_cl_add_dense (g, name[3], &block->se_expand, pooled, gate, half);
  }
  return rexnet_cl_add_project (g, name[4], block, map,
      b->memory[at->output], gate, &x, half);
}

static void
make_input (Builder * b, RexnetClPorts * ports, guint width, guint height)
{
  RexnetClGraph *g = b->graph;
  const guint run = 2 * g->tiles.st_r;
  const float zero = 0.f;
  gsize size;

  ports->pitch = rexnet_cl_round_up (width + 1, run) + 2;
  ports->rows = height + 3;
  size = (gsize) g->batch * 3 * ports->rows * ports->pitch * sizeof (float);
  for (guint i = 0; i < REXNET_CL_SLOTS; i++) {
    ports->input[i] = rexnet_cl_graph_buffer (g, size);
    if (!g->error)
      rexnet_cl_check (cl.clEnqueueFillBuffer (g->queue, ports->input[i],
              &zero, sizeof zero, 0, size, 0, NULL, NULL), &g->error,
          "clear the input");
  }
}

static RexnetClPorts
add_layers (Builder * b, guint width, guint height)
{
  RexnetClGraph *g = b->graph;
  const RexnetNetwork *net = b->net;
  RexnetClPorts ports = { 0 };
  RexnetClMap map;

  make_input (b, &ports, width, height);
  map = rexnet_cl_add_stem (g, &net->stem, &ports, width, height,
      b->memory[b->stem]);
  for (guint i = 0; i < net->n_blocks; i++)
    map = add_block (b, i, map);
  map = rexnet_cl_add_head (g, &net->head, map, b->memory[b->head]);
  for (guint i = 0; i < net->n_classifiers; i++) {
    ports.features = map.memory;
    ports.features_stride = rexnet_cl_round_up (map.channels, g->tiles.cb);
    map = rexnet_cl_add_dense (g, i + 1 == net->n_classifiers ? "classifier"
        : "neck", &net->classifier[i], map, b->memory[b->classifier[i]],
        g->half);
  }
  ports.output = map.memory;
  ports.stride = rexnet_cl_round_up (map.channels, g->tiles.cb);
  rexnet_cl_add_softmax (g, &ports, map.channels);
  return ports;
}

RexnetClPorts
rexnet_cl_network_build (RexnetClGraph * self, const RexnetNetwork * net,
    guint width, guint height)
{
  Builder b = {.graph = self,.net = net,
    .width = rexnet_conv_out_size (&net->stem, width),
    .height = rexnet_conv_out_size (&net->stem, height),
    .spans = g_array_new (FALSE, FALSE, sizeof (RexnetClSpan)),
    .block = g_new0 (Places, net->n_blocks)
  };
  RexnetClPorts ports;

  plan_memory (&b);
  make_memory (&b);
  ports = add_layers (&b, width, height);
  g_array_unref (b.spans);
  g_free (b.memory);
  g_free (b.block);
  return ports;
}
