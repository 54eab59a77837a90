/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CPU backend's plans against a network run layer by layer in double: made
 * up networks with every kind of block that network.h can describe, at odd
 * sizes, levels, numbers of threads, schedules and batches.
 *
 *   checknetworks [--seed SEED]      SEED: as printed by an earlier run
 */
#include <math.h>
#include <string.h>

#include "backend.h"
#include "cpu/cpuinfo.h"
#include "cpu/plan.h"

#define NETWORKS 16
#define RELU_NETWORKS 6
#define MAX_BLOCKS 6

/* A network and the memory of its tensors. */
typedef struct
{
  RexnetNetwork net;
  RexnetBlock blocks[MAX_BLOCKS];
  GPtrArray *memory;
  guint width, height;
  guint index;                  /* of the networks of a test */
} Made;

typedef enum
{
  GATE_NONE,
  GATE_FIRST,                   /* before the activation */
  GATE_LAST,
  N_GATES
} Gate;

/* ---- making ------------------------------------------------------------------- */

static RexnetTensor
make_tensor (Made * made, guint n_dims, const guint * shape, double scale)
{
  RexnetTensor tensor = {.dtype = REXNET_DTYPE_F32,.n_dims = n_dims };
  gsize n = 1;
  float *data;

  for (guint i = n_dims; i-- > 0;) {
    tensor.shape[i] = shape[i];
    tensor.stride[i] = n;
    n *= shape[i];
  }
  data = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    data[i] = g_test_rand_double_range (-scale, scale);
  g_ptr_array_add (made->memory, data);
  tensor.data = (const guint8 *) data;
  return tensor;
}

static RexnetConv
make_conv (Made * made, guint in, guint out, guint kernel, guint stride,
    gboolean depthwise, RexnetActivation activation)
{
  guint shape[4] = { out, depthwise ? 1 : in, kernel, kernel };
  RexnetConv conv = {
    .in = in,.out = out,.kernel = kernel,.stride = stride,
    .depthwise = depthwise,.activation = activation,
    .same = kernel > 1 && g_test_rand_bit ()
  };

  conv.weight = make_tensor (made, 4, shape,
      sqrt (6. / (shape[1] * kernel * kernel)));
  conv.bias = make_tensor (made, 1, shape, 0.3);
  return conv;
}

static RexnetActivation
any_activation (void)
{
  return g_test_rand_int_range (REXNET_ACTIVATION_NONE,
      REXNET_ACTIVATION_SIGMOID + 1);
}

static void
make_gate (Made * made, RexnetBlock * block, Gate gate)
{
  guint inner = block->depthwise.out;
  guint squeezed = g_test_rand_int_range (1, 40);

  if (gate == GATE_NONE)
    return;
  block->se_reduce = make_conv (made, inner, squeezed, 1, 1, FALSE,
      any_activation ());
  block->se_expand = make_conv (made, squeezed, inner, 1, 1, FALSE,
      REXNET_ACTIVATION_SIGMOID);
  block->se_first = gate == GATE_FIRST;
}

static void
make_block (Made * made, guint i, guint in)
{
  RexnetBlock *block = &made->blocks[i];
  guint out = g_test_rand_int_range (3, 70);
  guint inner = in, stride = g_test_rand_int_range (1, 3);

  memset (block, 0, sizeof *block);
  if (i > 0 && g_test_rand_int_range (0, 4) > 0) {
    inner = in * g_test_rand_int_range (1, 7);
    block->expand = make_conv (made, in, inner, 1, 1, FALSE, any_activation ());
  }
  block->depthwise = make_conv (made, inner, inner, g_test_rand_bit () ? 3 : 5,
      stride, TRUE, any_activation ());
  if (g_test_rand_bit ())
    make_gate (made, block, g_test_rand_bit () ? GATE_FIRST : GATE_LAST);
  block->project = make_conv (made, inner, out, 1, 1, FALSE,
      g_test_rand_int_range (REXNET_ACTIVATION_NONE,
          REXNET_ACTIVATION_SILU + 1));
  if (i > 0 && stride == 1 && in <= out && g_test_rand_int_range (0, 3) > 0)
    block->residual = in;
}

/*
 * One whose projection may pass over zeros: behind a ReLU, wide enough at every
 * level, the last block's for two panels at least. Maps shrink from one that
 * goes by rows to one that goes by panels; in three networks a block has had
 * every gate.
 */
static void
make_relu_block (Made * made, guint i, guint in)
{
  RexnetBlock *block = &made->blocks[i];
  guint out = i + 1 < MAX_BLOCKS ? g_test_rand_int_range (MAX (in, 49), 91) :
      g_test_rand_int_range (193, 230);
  guint inner = i > 0 ? in * g_test_rand_int_range (1, 4) : in;

  memset (block, 0, sizeof *block);
  if (i > 0)
    block->expand = make_conv (made, in, inner, 1, 1, FALSE, any_activation ());
  block->depthwise = make_conv (made, inner, inner, g_test_rand_bit () ? 3 : 5,
      1 + i % 2, TRUE, g_test_rand_bit () ? REXNET_ACTIVATION_RELU :
      REXNET_ACTIVATION_RELU6);
  make_gate (made, block, (made->index + i) % N_GATES);
  block->project = make_conv (made, inner, out, 1, 1, FALSE,
      REXNET_ACTIVATION_NONE);
  if (i > 0 && block->depthwise.stride == 1)
    block->residual = in;
}

static Made *
make_network (guint index, guint width, guint height, guint n_blocks,
    void (*make) (Made * made, guint i, guint in))
{
  Made *made = g_new0 (Made, 1);
  RexnetNetwork *net = &made->net;
  guint features;

  made->memory = g_ptr_array_new_with_free_func (g_free);
  made->width = width;
  made->height = height;
  made->index = index;
  net->stem = make_conv (made, 3, g_test_rand_int_range (3, 50), 3, 2, FALSE,
      any_activation ());
  net->blocks = made->blocks;
  net->n_blocks = n_blocks;
  for (guint i = 0; i < n_blocks; i++)
    make (made, i, i ? made->blocks[i - 1].project.out : net->stem.out);
  features = g_test_rand_int_range (1, 200);
  net->head = make_conv (made, made->blocks[net->n_blocks - 1].project.out,
      features, 1, 1, FALSE, any_activation ());
  net->n_classifiers = g_test_rand_int_range (1, REXNET_MAX_CLASSIFIERS + 1);
  for (guint i = 0; i < net->n_classifiers; i++) {
    guint out = g_test_rand_int_range (1, 300);

    net->classifier[i] = make_conv (made, features, out, 1, 1, FALSE,
        any_activation ());
    features = out;
  }
  return made;
}

static void
free_network (Made * made)
{
  g_ptr_array_unref (made->memory);
  g_free (made);
}

/* ---- the definition ---------------------------------------------------------------- */

typedef struct
{
  guint channels, width, height;
  double *data;
} Map;

static Map
map_new (guint channels, guint width, guint height)
{
  return (Map) {
    channels, width, height,
    g_new0 (double, (gsize) channels * width * height)};
}

static double
activate (RexnetActivation activation, double x)
{
  switch (activation) {
    case REXNET_ACTIVATION_RELU:
      return fmax (x, 0.);
    case REXNET_ACTIVATION_RELU6:
      return fmin (fmax (x, 0.), 6.);
    case REXNET_ACTIVATION_SILU:
      return x / (1. + exp (-x));
    case REXNET_ACTIVATION_SIGMOID:
      return 1. / (1. + exp (-x));
    default:
      return x;
  }
}

static double
convolve_pixel (const RexnetConv * conv, const Map * in, guint o, int top,
    int left)
{
  const float *weight = (const float *) conv->weight.data;
  guint channels = conv->depthwise ? 1 : conv->in, k = conv->kernel;
  double sum = ((const float *) conv->bias.data)[o];

  for (guint c = 0; c < channels; c++)
    for (guint t = 0; t < k * k; t++) {
      int y = top + (int) (t / k), x = left + (int) (t % k);

      if (y >= 0 && x >= 0 && y < (int) in->height && x < (int) in->width)
        sum += (double) weight[(o * channels + c) * k * k + t]
            * in->data[((conv->depthwise ? o : c) * in->height + y) * in->width
            + x];
    }
  return sum;
}

static Map
convolve (const RexnetConv * conv, const Map * in, RexnetActivation activation)
{
  Map out = map_new (conv->out, rexnet_conv_out_size (conv, in->width),
      rexnet_conv_out_size (conv, in->height));
  int pad_x = rexnet_conv_padding (conv, in->width);
  int pad_y = rexnet_conv_padding (conv, in->height);
  double *d = out.data;

  for (guint o = 0; o < conv->out; o++)
    for (guint y = 0; y < out.height; y++)
      for (guint x = 0; x < out.width; x++)
        *d++ = activate (activation, convolve_pixel (conv, in, o,
                (int) (y * conv->stride) - pad_y,
                (int) (x * conv->stride) - pad_x));
  return out;
}

/* Takes @in and returns what @conv makes of it. */
static Map
step (const RexnetConv * conv, Map in, RexnetActivation activation)
{
  Map out = convolve (conv, &in, activation);

  g_free (in.data);
  return out;
}

static Map
mean (const Map * in)
{
  Map out = map_new (in->channels, 1, 1);
  guint pixels = in->width * in->height;

  for (guint i = 0; i < in->channels * pixels; i++)
    out.data[i / pixels] += in->data[i] / pixels;
  return out;
}

static void
gate (const RexnetBlock * block, Map * map)
{
  guint pixels = map->width * map->height;
  Map g = mean (map);

  g = step (&block->se_reduce, g, block->se_reduce.activation);
  g = step (&block->se_expand, g, block->se_expand.activation);
  for (guint i = 0; i < map->channels * pixels; i++)
    map->data[i] *= g.data[i / pixels];
  g_free (g.data);
}

static Map
run_block (const RexnetBlock * block, Map in)
{
  gboolean gated = rexnet_conv_present (&block->se_reduce);
  gboolean late = gated && block->se_first;
  RexnetActivation act = block->depthwise.activation;
  Map map = in, inner;

  if (rexnet_conv_present (&block->expand))
    map = convolve (&block->expand, &in, block->expand.activation);
  inner = convolve (&block->depthwise, &map, late ? REXNET_ACTIVATION_NONE : act);
  if (map.data != in.data)
    g_free (map.data);
  if (gated)
    gate (block, &inner);
  for (guint i = 0; late && i < inner.channels * inner.width * inner.height; i++)
    inner.data[i] = activate (act, inner.data[i]);
  map = step (&block->project, inner, block->project.activation);
  for (guint i = 0; i < block->residual * map.width * map.height; i++)
    map.data[i] += in.data[i];
  g_free (in.data);
  return map;
}

/* What a network gives for one image. */
typedef struct
{
  Map logits, features;
} Outputs;

static void
outputs_clear (Outputs * outputs)
{
  g_free (outputs->logits.data);
  g_free (outputs->features.data);
}

static Outputs
run_definition (const Made * made, const float *input)
{
  const RexnetNetwork *net = &made->net;
  const RexnetConv *last = &net->classifier[net->n_classifiers - 1];
  Map map = map_new (3, made->width, made->height), pooled;

  for (guint i = 0; i < 3 * made->width * made->height; i++)
    map.data[i] = input[i];
  map = step (&net->stem, map, net->stem.activation);
  for (guint i = 0; i < net->n_blocks; i++)
    map = run_block (&net->blocks[i], map);
  map = step (&net->head, map, net->head.activation);
  pooled = mean (&map);
  g_free (map.data);
  for (const RexnetConv * conv = net->classifier; conv < last; conv++)
    pooled = step (conv, pooled, conv->activation);
  return (Outputs) {
    .logits = convolve (last, &pooled, last->activation),.features = pooled
  };
}

/* ---- comparing ------------------------------------------------------------------------ */

static void
compare (const RexnetEngineOptions * o, const char *what, const float *values,
    const Map * map)
{
  double largest = 1e-3;

  for (guint i = 0; i < map->channels; i++)
    largest = MAX (largest, fabs (map->data[i]));
  for (guint i = 0; i < map->channels; i++)
    if (!(fabs (values[i] - map->data[i]) <= 5e-5 * largest)) {
      g_test_message ("%s, %u threads, scheduling %d, batch %u: %s %u is "
          "%.9g instead of %.9g", rexnet_isa_to_string (o->isa), o->threads,
          o->scheduling, o->batch, what, i, values[i], map->data[i]);
      g_test_fail ();
      return;
    }
}

/* Even images of a batch are one, odd ones another. */
static void
run_options (const Made * made, const RexnetEngineOptions * o,
    const float *const *images, const Outputs * expected)
{
  const RexnetBackend *backend = &rexnet_backend_cpu;
  RexnetInput input = {.width = made->width,.height = made->height };
  gsize size = (gsize) 3 * made->width * made->height;
  guint classes = rexnet_network_classes (&made->net);
  g_autofree float *in = g_new (float, size * o->batch);
  guint n_features = rexnet_network_features (&made->net);
  g_autofree float *logits = g_new (float, (gsize) classes * o->batch);
  g_autofree float *features = g_new (float, (gsize) n_features * o->batch);
  const RexnetOutput output = { logits, features };
  g_autoptr (GError) error = NULL;
  RexnetSession *session = backend->open (&made->net, &input, o, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < o->batch; i++)
    memcpy (in + i * size, images[i & 1], size * sizeof (float));
  g_assert_true (backend->run (session, in, o->batch, &output, &error));
  for (guint i = 0; i < o->batch; i++) {
    compare (o, "logit", logits + (gsize) i * classes, &expected[i & 1].logits);
    compare (o, "feature", features + (gsize) i * n_features,
        &expected[i & 1].features);
  }
  backend->close (session);
}

/* At every level and a few numbers of threads. */
static void
check_network (const Made * made)
{
  const guint threads[] = { 1, 2, 3, 5, 11 };
  guint size = 3 * made->width * made->height;
  float *images[2];
  Outputs expected[2];

  for (guint i = 0; i < 2; i++) {
    images[i] = g_new (float, size);
    for (guint j = 0; j < size; j++)
      images[i][j] = g_test_rand_double_range (-2., 2.);
    expected[i] = run_definition (made, images[i]);
  }
  for (RexnetIsa isa = REXNET_ISA_C; isa <= rexnet_isa_best (); isa++)
    for (guint t = 0; t < G_N_ELEMENTS (threads); t++) {
      RexnetEngineOptions options = {
        .device = "cpu",.isa = isa,.threads = threads[t],
        .batch = g_test_rand_bit () ? 1 : g_test_rand_int_range (1, 5),
        .scheduling = g_test_rand_bit ()
      };

      run_options (made, &options, (const float *const *) images, expected);
    }
  for (guint i = 0; i < 2; i++) {
    g_free (images[i]);
    outputs_clear (&expected[i]);
  }
}

static void
test_networks (void)
{
  for (guint n = 0; n < NETWORKS; n++) {
    guint width = g_test_rand_int_range (32, 150);
    guint height = g_test_rand_int_range (32, 100);
    Made *made = make_network (n, width, height,
        g_test_rand_int_range (1, MAX_BLOCKS + 1), make_block);

    check_network (made);
    free_network (made);
  }
}

/* Counts the blocks that pass over zeros by gate and by whether they go by
 * rows. */
static void
count_sparse (const Made * made, RexnetIsa isa, guint seen[N_GATES][2])
{
  g_autoptr (GError) error = NULL;
  RexnetPlan *plan = rexnet_plan_new (&made->net, isa, 1, 1, made->width,
      made->height, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < made->net.n_blocks; i++)
    if (plan->blocks[i].sparse > 0)
      seen[(made->index + i) % N_GATES][plan->blocks[i].by_rows]++;
  rexnet_plan_free (plan);
}

static void
test_relu (void)
{
  for (guint n = 0; n < RELU_NETWORKS; n++) {
    guint width = g_test_rand_int_range (100, 130);
    guint height = g_test_rand_int_range (70, 90);
    Made *made = make_network (n, width, height, MAX_BLOCKS, make_relu_block);

    check_network (made);
    free_network (made);
  }
}

/* What test_relu() is for is there, unless it is switched off. */
static void
test_relu_is_sparse (void)
{
  if (rexnet_cpu_info ()->sparse < 0) {
    g_test_skip ("REXNET_SPARSE is not set, so batch norm decides");
    return;
  }
  for (RexnetIsa isa = REXNET_ISA_C; isa <= rexnet_isa_best (); isa++) {
    guint seen[N_GATES][2] = { {0} };

    for (guint n = 0; n < N_GATES; n++) {
      Made *made = make_network (n, 128, 88, MAX_BLOCKS, make_relu_block);

      count_sparse (made, isa, seen);
      free_network (made);
    }
    for (Gate gate = GATE_NONE; gate < N_GATES; gate++)
      for (guint rows = 0; rows < 2; rows++)
        g_assert_true ((seen[gate][rows] > 0) == rexnet_cpu_info ()->sparse);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cpu/networks", test_networks);
  g_test_add_func ("/cpu/relu", test_relu);
  g_test_add_func ("/cpu/relu-is-sparse", test_relu_is_sparse);
  return g_test_run ();
}
