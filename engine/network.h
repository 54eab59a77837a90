/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one description of a network that stands between loaders and backends:
 * a stem, a list of inverted-residual blocks, a head and its classifier.
 * Loaders of a family translate its keys into this; backends know no family.
 *
 * Tensors are views of bytes that the RexnetModel owns; they live as long as
 * it does. Everything here has been validated by the loader: shapes agree,
 * strides stay inside the storage, sizes fit in 31 bits, values are finite.
 */
#pragma once

#include <rexnet/rexnet.h>

typedef enum
{
  REXNET_DTYPE_F32,
  REXNET_DTYPE_F16,
  REXNET_DTYPE_BF16,
  REXNET_DTYPE_F64,
} RexnetDtype;

typedef struct
{
  const guint8 *data;           /* first element, any alignment; NULL: absent */
  RexnetDtype dtype;
  guint n_dims;                 /* 0 to 4 */
  guint shape[4];
  gint64 stride[4];             /* in elements; need not be contiguous */
} RexnetTensor;

typedef enum
{
  REXNET_ACTIVATION_NONE,
  REXNET_ACTIVATION_RELU,
  REXNET_ACTIVATION_RELU6,
  REXNET_ACTIVATION_SILU,
  REXNET_ACTIVATION_SIGMOID,
} RexnetActivation;

/*
 * A convolution, the batch norm behind it, and its activation. Padding is
 * kernel / 2 on every side, or TensorFlow's SAME, which gives outputs of the
 * same size. depthwise: one filter a channel, in == out.
 */
typedef struct
{
  guint in, out;                /* channels; out == 0: this one is absent */
  guint kernel;                 /* 1, 3 or 5 */
  guint stride;                 /* 1 or 2 */
  gboolean depthwise;
  gboolean same;                /* pads as rexnet_conv_padding() says */
  RexnetActivation activation;
  RexnetTensor weight;          /* out x (depthwise ? 1 : in) x kernel x kernel */
  RexnetTensor bias;            /* out, or absent */
  RexnetTensor bn_weight, bn_bias, bn_mean, bn_var;     /* out each, or all absent */
  double bn_eps;
} RexnetConv;

/*
 * expand -> depthwise -> [squeeze-excite] -> activation -> project (+ input).
 *
 * se_first: the gate multiplies before the depthwise's activation (ReXNet);
 * otherwise after it (EfficientNet). The gate is
 * sigmoid (se_expand (relu (se_reduce (mean over pixels)))), with the
 * activations that the two convolutions carry. depthwise.activation is the
 * activation meant here, in either order.
 */
typedef struct
{
  RexnetConv expand;            /* absent in the first block */
  RexnetConv depthwise;
  RexnetConv se_reduce, se_expand;      /* both absent: no squeeze-excite */
  gboolean se_first;
  RexnetConv project;
  guint residual;               /* leading output channels to which the input is added */
} RexnetBlock;

#define REXNET_MAX_BLOCKS 256
#define REXNET_MAX_CLASSIFIERS 2

typedef struct
{
  RexnetConv stem;              /* 3 channels in, 3 x 3, stride 2 */
  RexnetBlock *blocks;
  guint n_blocks;
  RexnetConv head;              /* 1 x 1, then the mean over pixels */
  RexnetConv classifier[REXNET_MAX_CLASSIFIERS];        /* on 1 x 1 maps, in order */
  guint n_classifiers;

  /* Lets go of the memory behind tensors that were read; they stay readable
   * and come back from the file. NULL where there is no file. Any thread. */
  void (*release_pages) (RexnetModel * owner);
  RexnetModel *owner;
} RexnetNetwork;

static inline gboolean
rexnet_conv_present (const RexnetConv * conv)
{
  return conv->out != 0;
}

/* Pixels of one side after @conv. */
static inline guint
rexnet_conv_out_size (const RexnetConv * conv, guint size)
{
  return (size - 1) / conv->stride + 1;
}

/*
 * Zeros before the first of @size pixels. SAME puts the odd one of an odd number
 * of them behind the last pixel; a stride of 2 makes it odd on even sizes.
 */
static inline guint
rexnet_conv_padding (const RexnetConv * conv, guint size)
{
  return conv->kernel / 2 - (conv->same && conv->stride == 2 && size % 2 == 0);
}

static inline void
rexnet_network_release_pages (const RexnetNetwork * net)
{
  if (net->release_pages)
    net->release_pages (net->owner);
}

static inline guint
rexnet_network_classes (const RexnetNetwork * net)
{
  return net->classifier[net->n_classifiers - 1].out;
}

/* Channels that the last classifier sees. */
static inline guint
rexnet_network_features (const RexnetNetwork * net)
{
  return net->classifier[net->n_classifiers - 1].in;
}

/* Writes the tensor's elements in row-major order. */
void rexnet_tensor_read (const RexnetTensor * tensor, float *dst);

/*
 * Folds batch norm into weight and bias, in double, and rounds once.
 * @weight: out x (depthwise ? 1 : in) x kernel x kernel floats, row-major
 * @bias: out floats
 */
void rexnet_conv_fold (const RexnetConv * conv, float *weight, float *bias);
