/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * librexnet: ReXNet image classification (Han et al., CVPR 2021,
 * arXiv 2007.00992).
 *
 * A RexnetModel is what a file holds: architecture, weights, labels and the
 * settings its input wants. A RexnetEngine is a model prepared for one device.
 *
 *     RexnetModel *model = rexnet_model_load ("rexnet_100.safetensors", &error);
 *     RexnetEngine *engine = rexnet_engine_new (model, NULL, &error);
 *     rexnet_engine_classify (engine, &image, 1, scores, &error);
 *     n = rexnet_top_k (scores, classes, 5, 0.f, best);
 *
 * Conventions
 *  - A function that takes a GError reports failure by NULL or FALSE and sets
 *    the error (domain REXNET_ERROR); its outputs are then undefined. Nothing
 *    in the library prints, exits or aborts on bad input.
 *  - Pointers are not NULL unless the text says so. Strings are UTF-8, file
 *    names are in GLib's file name encoding.
 *  - "width" is the network's width multiplier where it is a double, and
 *    pixels where it is an integer.
 *  - Models are immutable and may be used from any thread. An engine may be
 *    used from any thread; its calls are serialised inside it, except in
 *    REXNET_SCHEDULING_THROUGHPUT where they run side by side.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#ifndef REXNET_API
#define REXNET_API __attribute__ ((visibility ("default")))
#endif

/* ---- errors ------------------------------------------------------------ */

#define REXNET_ERROR (rexnet_error_quark ())

/**
 * RexnetError:
 * @REXNET_ERROR_NOT_FOUND: a file, or a model by that name, is not there
 * @REXNET_ERROR_CORRUPT: a file contradicts its own format
 * @REXNET_ERROR_UNSUPPORTED: well formed, but nothing this library can run
 * @REXNET_ERROR_MISMATCH: what was asked for and what was found disagree
 * @REXNET_ERROR_ARGUMENT: a value outside its range
 * @REXNET_ERROR_DEVICE: the device is missing or failed
 * @REXNET_ERROR_MEMORY: a size that cannot be allocated
 */
typedef enum
{
  REXNET_ERROR_NOT_FOUND,
  REXNET_ERROR_CORRUPT,
  REXNET_ERROR_UNSUPPORTED,
  REXNET_ERROR_MISMATCH,
  REXNET_ERROR_ARGUMENT,
  REXNET_ERROR_DEVICE,
  REXNET_ERROR_MEMORY,
} RexnetError;

REXNET_API GQuark rexnet_error_quark (void);

/** Returns: the library's version, "1.2.3". Static. */
REXNET_API const char *rexnet_version (void);

/* ---- models ------------------------------------------------------------ */

typedef struct _RexnetModel RexnetModel;

/**
 * RexnetVariant:
 * @REXNET_VARIANT_REXNET: rexnetv1.py of the official code; timm's rexnet
 * @REXNET_VARIANT_REXNET_LITE: rexnetv1_lite.py; no squeeze-excite, ReLU6
 * @REXNET_VARIANT_REXNETR: timm's rexnetr; channels rounded to multiples of 8
 * @REXNET_VARIANT_EFFICIENTNET: EfficientNet-B0 and up (arXiv 1905.11946)
 * @REXNET_VARIANT_EFFICIENTNET_LITE: EfficientNet-Lite; no squeeze-excite, ReLU6
 */
typedef enum
{
  REXNET_VARIANT_REXNET,
  REXNET_VARIANT_REXNET_LITE,
  REXNET_VARIANT_REXNETR,
  REXNET_VARIANT_EFFICIENTNET,
  REXNET_VARIANT_EFFICIENTNET_LITE,
} RexnetVariant;

/** Returns: "rexnet", "rexnet-lite", "rexnetr", "efficientnet" or
 * "efficientnet-lite". Static. */
REXNET_API const char *rexnet_variant_to_string (RexnetVariant variant);

/** Parses what rexnet_variant_to_string() prints. */
REXNET_API gboolean rexnet_variant_from_string (const char *string,
    RexnetVariant * variant, GError ** error);

typedef enum
{
  REXNET_INTERPOLATION_BICUBIC,
  REXNET_INTERPOLATION_BILINEAR,
} RexnetInterpolation;

/**
 * RexnetInput: how an image becomes the network's input.
 *
 * The short side is resized to floor(size / crop_pct) with an antialiased
 * filter (width and height differing: each side to at least that), the centre
 * width x height is cropped, and each channel becomes
 * (value / 255 - mean) / std, planar R, G, B. docs/preprocessing.md has the
 * rules in full.
 * Source: the evaluation transforms of timm (timm/data/transforms_factory.py).
 */
typedef struct
{
  guint width, height;          /* pixels, each in [32, 4096] */
  RexnetInterpolation interpolation;
  double crop_pct;              /* in [0.01, 1] */
  float mean[3], std[3];        /* of R, G, B in [0, 1] */
} RexnetInput;

/** RexnetModelInfo: what is known of a model. Owned by the model. */
typedef struct
{
  const char *name;             /* from the file's settings or its name */
  RexnetVariant variant;
  double width;                 /* multiplier, as told or read off the shapes */
  guint depth;                  /* inverted-residual blocks, 16 at depth 1.0 */
  guint classes;
  guint features;               /* of the last classifier layer's input */
  guint64 parameters;           /* trainable, before batch norm is folded */
  RexnetInput input;
} RexnetModelInfo;

/** RexnetLayer: one row of `rexnet info`. */
typedef struct
{
  char name[48];                /* "block 3 depthwise" */
  guint in, out;                /* channels */
  guint kernel, stride;
  guint width, height;          /* of the output, pixels */
  guint64 parameters;           /* trainable, of this layer */
  guint64 macs;                 /* multiply-adds for one image */
} RexnetLayer;

/**
 * rexnet_model_load:
 * @path: a .pth, .bin or .safetensors file; told apart by content
 *
 * Reads a model; nothing in the file is executed. The file is mapped and must
 * not be truncated while the model lives.
 *
 * Returns: (transfer full): a model, or NULL with the error
 */
REXNET_API RexnetModel *rexnet_model_load (const char *path, GError ** error);

/**
 * rexnet_model_list_files:
 * @path: a model file
 *
 * Names @path and the files beside it, there or not, that
 * rexnet_model_load() may take settings and labels from: while these stay as
 * they are, it would load the same again.
 *
 * Returns: (transfer full): ends in NULL, for g_strfreev()
 */
REXNET_API char **rexnet_model_list_files (const char *path);

/**
 * rexnet_model_load_bytes:
 * @bytes: a whole file's content; a reference is kept
 * @name: what errors call it
 */
REXNET_API RexnetModel *rexnet_model_load_bytes (GBytes * bytes,
    const char *name, GError ** error);

/** The model compiled into the library: Fashion-MNIST, see models/README.md. */
REXNET_API RexnetModel *rexnet_model_load_default (GError ** error);

/**
 * rexnet_model_generate:
 *
 * Makes a model whose weights are pure functions of their names, as
 * tests/golden/README.md defines them: for benchmarks and tests.
 * @width: multiplier in [0.1, 10]; @classes: in [1, 65536]
 *
 * An EfficientNet has the depth and input size of the published one of its
 * width, of B0 and B1 those of B0; at other widths those of B0.
 */
REXNET_API RexnetModel *rexnet_model_generate (RexnetVariant variant,
    double width, guint classes, GError ** error);

/**
 * rexnet_model_generate_named:
 * @name: timm's: "efficientnet_b0" to "efficientnet_b7",
 *   "efficientnet_lite0" to "efficientnet_lite4", or with the width multiplier
 *   in percent "rexnet_100", "rexnetr_100"; also "rexnet_lite_100". A hyphen
 *   is as good as an underscore.
 * @classes: in [1, 65536]
 *
 * As rexnet_model_generate(), at the published width, depth and input size.
 */
REXNET_API RexnetModel *rexnet_model_generate_named (const char *name,
    guint classes, GError ** error);

/**
 * rexnet_generate_input:
 * @width, @height: pixels
 * @input: (out caller-allocates): 3 x height x width floats
 *
 * Fills an input for such a model, as the same definition has it.
 */
REXNET_API void rexnet_generate_input (guint seed, guint width, guint height,
    float *input);

/**
 * rexnet_model_find:
 * @width: multiplier, or 0 for any
 *
 * Looks for a model file of @variant and @width in $REXNET_MODEL_PATH (a
 * search path), $XDG_DATA_HOME/rexnet/models and rexnet/models in each of
 * $XDG_DATA_DIRS, by the names that docs/model-formats.md lists.
 *
 * Returns: (transfer full): the path of the first that exists, or NULL with
 *   REXNET_ERROR_NOT_FOUND saying where it looked and what to put there
 */
REXNET_API char *rexnet_model_find (RexnetVariant variant, double width,
    GError ** error);

/**
 * rexnet_model_find_named:
 * @name: a file, or a model's name such as "rexnet_100"
 *
 * Looks for a model's name in the folders of rexnet_model_find(), as
 * docs/model-formats.md tells; `rexnet pull` installs there. What has a '/' or
 * is a file's name here is returned as it is.
 *
 * Returns: (transfer full): a path, or NULL with REXNET_ERROR_NOT_FOUND saying
 *   where it looked
 */
REXNET_API char *rexnet_model_find_named (const char *name, GError ** error);

/**
 * rexnet_model_with_labels:
 * @path: a text file with one label a line, as many as the model has classes
 *
 * Returns: (transfer full): a model that shares @model's weights
 */
REXNET_API RexnetModel *rexnet_model_with_labels (RexnetModel * model,
    const char *path, GError ** error);

/**
 * rexnet_model_save:
 * @path: a file name that ends in .safetensors, by custom
 * @half: store what has two dimensions or more as float16
 *
 * Writes weights, settings and labels into one file, under the keys that the
 * model was read with, numbers as float32. It replaces a file of that name in
 * one step; on failure nothing is left.
 */
REXNET_API gboolean rexnet_model_save (RexnetModel * model, const char *path,
    gboolean half, GError ** error);

/**
 * rexnet_model_save_onnx:
 * @path: a file name that ends in .onnx, by custom
 * @half: store the weights of layers as float16; the graph turns them back into
 *   float32 and computes in that. Biases stay float32.
 *
 * Writes the network as ONNX (opset 17, IR version 8) for other runtimes:
 * "input", N x 3 x height x width floats, already normalised, of the model's
 * own height and width and any N, to "logits", N x classes floats. Batch norm is
 * folded into the convolutions, which then hold what the engine computes with.
 * The metadata has the strings that rexnet_model_save() writes: settings,
 * and labels where there are any. Replaces a file as rexnet_model_save() does;
 * holds one copy of the weights in memory meanwhile.
 *
 * Returns: FALSE with the error; REXNET_ERROR_UNSUPPORTED for more than 2 GiB,
 *   for weights that no float16 can hold, and from a library that was built
 *   without ONNX
 */
REXNET_API gboolean rexnet_model_save_onnx (RexnetModel * model,
    const char *path, gboolean half, GError ** error);

/**
 * rexnet_model_check:
 * @width: multiplier, or 0 for any
 *
 * Whether @model is what was asked for.
 *
 * Returns: FALSE with REXNET_ERROR_MISMATCH, which says both
 */
REXNET_API gboolean rexnet_model_check (RexnetModel * model,
    RexnetVariant variant, double width, GError ** error);

REXNET_API RexnetModel *rexnet_model_ref (RexnetModel * model);
/** @model: (nullable) */
REXNET_API void rexnet_model_unref (RexnetModel * model);

REXNET_API const RexnetModelInfo *rexnet_model_get_info (RexnetModel * model);

/** Returns: (nullable): the label of class @index; NULL when the model has no
 * labels or @index is out of range. Owned by the model. */
REXNET_API const char *rexnet_model_get_label (RexnetModel * model,
    guint index);

/**
 * rexnet_model_get_layers:
 * @width, @height: of the input in pixels; 0 for the model's own
 *
 * Returns: (transfer full) (element-type RexnetLayer): every layer in order
 */
REXNET_API GArray *rexnet_model_get_layers (RexnetModel * model,
    guint width, guint height);

/* ---- images ------------------------------------------------------------ */

/** RexnetFormat: memory layouts that are read in place; the names are those
 * of GstVideoFormat. An alpha channel is ignored. */
typedef enum
{
  REXNET_FORMAT_RGB,
  REXNET_FORMAT_BGR,
  REXNET_FORMAT_RGBX,
  REXNET_FORMAT_BGRX,
  REXNET_FORMAT_XRGB,
  REXNET_FORMAT_XBGR,
  REXNET_FORMAT_GRAY8,
  REXNET_FORMAT_I420,           /* planes Y, U, V */
  REXNET_FORMAT_YV12,           /* planes Y, V, U */
  REXNET_FORMAT_NV12,           /* planes Y, UV */
  REXNET_FORMAT_NV21,           /* planes Y, VU */
  REXNET_FORMAT_YUY2,
  REXNET_FORMAT_UYVY,
} RexnetFormat;

typedef enum
{
  REXNET_MATRIX_BT601,
  REXNET_MATRIX_BT709,
  REXNET_MATRIX_BT2020,
  REXNET_MATRIX_SMPTE240M,
  REXNET_MATRIX_FCC,
} RexnetMatrix;

/**
 * RexnetImage: a picture in the caller's memory, only read.
 *
 * matrix and full_range matter for the YUV formats (and full_range for
 * GRAY8). Chroma is sited as the flags say: 0 is MPEG-1 / JPEG (centred).
 */
typedef struct
{
  RexnetFormat format;
  guint width, height;          /* pixels, each in [1, 32768] */
  const guint8 *plane[3];
  gssize stride[3];             /* bytes from a row to the next; may be < 0 */
  RexnetMatrix matrix;
  gboolean full_range;
  gboolean chroma_h_cosited, chroma_v_cosited;
} RexnetImage;

/**
 * rexnet_preprocess:
 * @output: 3 x input->height x input->width floats
 *
 * Resizes, crops, converts and normalises one image. Reads only the rows and
 * columns the crop needs. RGB formats and full-range GRAY8 give the pixels of
 * Pillow's resize, bit for bit; YUV formats are resampled in their own planes
 * and converted afterwards. Allocates scratch; an engine does not.
 */
REXNET_API gboolean rexnet_preprocess (const RexnetImage * image,
    const RexnetInput * input, float *output, GError ** error);

/* ---- devices ----------------------------------------------------------- */

/** RexnetDevice: what an engine can run on. */
typedef struct
{
  char *device;                 /* for RexnetEngineOptions: "cpu", "opencl:0" */
  char *name, *platform, *version, *driver;
  const char *type;             /* "cpu", "gpu", "accelerator" or "other" */
  guint compute_units, max_clock_mhz;
  guint64 global_memory, local_memory, max_allocation;  /* bytes; 0: not known */
  guint max_work_group;
  gboolean fp16, subgroups, command_buffer;     /* OpenCL extensions */
  char uuid[37];                /* as Vulkan shows it; "" where not reported */
} RexnetDevice;

/**
 * rexnet_devices_list:
 *
 * Returns: (transfer full) (element-type RexnetDevice): the CPU, then the
 *   OpenCL devices in the order of their index. Opens libOpenCL
 *   ($REXNET_OPENCL_LIBRARY, or libOpenCL.so.1) when it is there.
 */
REXNET_API GPtrArray *rexnet_devices_list (void);

/* ---- engines ----------------------------------------------------------- */

typedef struct _RexnetEngine RexnetEngine;

/** RexnetIsa: levels of the CPU backend, each including those before it. */
typedef enum
{
  REXNET_ISA_AUTO,              /* $REXNET_ISA, else the best there is */
  REXNET_ISA_C,
  REXNET_ISA_AVX2,              /* with FMA */
  REXNET_ISA_AVX512,            /* F, BW, DQ, VL */
} RexnetIsa;

/** Returns: "auto", "c", "avx2" or "avx512". Static. */
REXNET_API const char *rexnet_isa_to_string (RexnetIsa isa);
REXNET_API gboolean rexnet_isa_from_string (const char *string,
    RexnetIsa * isa, GError ** error);
/** Returns: the highest level that this CPU and the environment variable
 * REXNET_ISA allow. */
REXNET_API RexnetIsa rexnet_isa_best (void);

/**
 * rexnet_cpu_peak:
 * @isa: at most this level
 * @threads: in [1, 256]
 *
 * Measures, in about a tenth of a second, how fast @threads threads multiply
 * and add in registers alone: the bound of every network.
 *
 * Returns: 10^9 multiply-adds a second, or 0 when threads cannot be had
 */
REXNET_API double rexnet_cpu_peak (RexnetIsa isa, guint threads);

typedef enum
{
  REXNET_SCHEDULING_LATENCY,    /* all threads on one image */
  REXNET_SCHEDULING_THROUGHPUT, /* one image a thread */
} RexnetScheduling;

/** RexnetPrecision: of weights and activations in memory. */
typedef enum
{
  REXNET_PRECISION_AUTO,        /* what the device does best; F32 so far */
  REXNET_PRECISION_F32,
  REXNET_PRECISION_F16,         /* OpenCL only; sums stay in float32 */
} RexnetPrecision;

/**
 * RexnetProgressFunc: told what a slow start is doing ("compiling for ...").
 * @fraction: done, in [0, 1]
 *
 * Called in rexnet_engine_new(), from the calling thread.
 */
typedef void (*RexnetProgressFunc) (const char *what, double fraction,
    gpointer data);

/** RexnetEngineOptions: zero or NULL in every field is a default. */
typedef struct
{
  const char *device;           /* "auto" (default), "cpu", "opencl",
                                 * "opencl:INDEX", part of an OpenCL device's
                                 * or platform's name */
  guint threads;                /* 0: one for each core this process may use */
  RexnetIsa isa;                /* at most this level */
  RexnetScheduling scheduling;
  guint batch;                  /* most images a call; 0 is 1 */
  guint width, height;          /* input in pixels; 0: the model's own */
  RexnetPrecision precision;
  gboolean no_fallback;         /* report a failing device instead of going on
                                 * on the CPU */
  const char *cache_dir;        /* of compiled programs; NULL: rexnet in
                                 * g_get_user_cache_dir(); "": none */
  RexnetProgressFunc progress;  /* (nullable) */
  gpointer progress_data;
} RexnetEngineOptions;

/**
 * RexnetEngineInfo: what an engine came to be. Strings owned by the engine.
 *
 * A call of rexnet_engine_run() or _classify() whose device failed went on on
 * the CPU and returned its result; device is "cpu" from then on and fallback
 * says why.
 */
typedef struct
{
  const char *device;           /* "cpu", or an OpenCL device's name */
  gboolean on_cpu;              /* device is "cpu": with scheduling throughput as
                                 * many calls get on at once as it has threads */
  const char *fallback;         /* (nullable): why another device was left */
  const char *isa;              /* "avx512"; "" where it has no meaning */
  guint threads;
  guint batch;
  RexnetInput input;
  gsize weight_bytes, scratch_bytes;
} RexnetEngineInfo;

/** RexnetPhase: one step of an engine's plan. */
typedef struct
{
  char name[48];
  char detail[160];             /* tiles and splits chosen, for people */
  guint64 macs;                 /* multiply-adds for one image */
  guint64 bytes;                /* read and written for one image, each map and
                                 * weight once; 0: not known */
  double ms;                    /* median over the profiled calls, or 0 */
} RexnetPhase;

/**
 * rexnet_engine_new:
 * @options: (nullable): NULL for all defaults
 *
 * Packs the model's weights for a device and starts its threads. Holds a
 * reference on @model.
 *
 * Returns: (transfer full)
 */
REXNET_API RexnetEngine *rexnet_engine_new (RexnetModel * model,
    const RexnetEngineOptions * options, GError ** error);

/** @engine: (nullable). Waits for calls in other threads to return. */
REXNET_API void rexnet_engine_free (RexnetEngine * engine);

REXNET_API RexnetModel *rexnet_engine_get_model (RexnetEngine * engine);
/** Returns: what holds now. It stays readable and does not change while the
 * engine lives; after a device was left, a new call returns another. */
REXNET_API const RexnetEngineInfo *rexnet_engine_get_info (RexnetEngine *
    engine);

/**
 * rexnet_engine_run:
 * @input: @batch x 3 x height x width floats, already normalised
 * @logits: (out caller-allocates): @batch x classes floats
 *
 * The bare network. Bit-identical from call to call for one engine
 * configuration.
 */
REXNET_API gboolean rexnet_engine_run (RexnetEngine * engine,
    const float *input, guint batch, float *logits, GError ** error);

/**
 * rexnet_engine_run_features:
 * @features: (out caller-allocates) (nullable): @batch x
 *   RexnetModelInfo.features floats
 *
 * As rexnet_engine_run(), and what the last layer of the classifier sees: a
 * vector for search and re-identification, not normalised. It is the head's
 * mean over pixels, behind its activation; of REXNET_VARIANT_REXNET_LITE what
 * the layer between that and the classes makes of it.
 * Source: timm's forward_head (forward_features (x), pre_logits=True).
 */
REXNET_API gboolean rexnet_engine_run_features (RexnetEngine * engine,
    const float *input, guint batch, float *logits, float *features,
    GError ** error);

/**
 * rexnet_engine_classify:
 * @images: @batch pictures; they may differ in size and format
 * @scores: (out caller-allocates): @batch x classes probabilities
 *
 * Preprocessing, network and softmax. Allocates nothing on the CPU once the
 * sizes of its images have been seen.
 */
REXNET_API gboolean rexnet_engine_classify (RexnetEngine * engine,
    const RexnetImage * images, guint batch, float *scores, GError ** error);

/** As rexnet_engine_classify(), with @features as in
 * rexnet_engine_run_features(). */
REXNET_API gboolean rexnet_engine_classify_features (RexnetEngine * engine,
    const RexnetImage * images, guint batch, float *scores, float *features,
    GError ** error);

/** RexnetAnswer: what came of one call. */
typedef struct
{
  float *scores;                /* (out caller-allocates): as in
                                 * rexnet_engine_classify() */
  float *features;              /* (out caller-allocates) (nullable): as in
                                 * rexnet_engine_run_features() */
  const RexnetEngineInfo *info; /* (out): of the device that it comes from, be it
                                 * left by now; lives as long as the engine */
  guint preprocess_us;          /* (out): that preprocessing took, for all images;
                                 * of what threads did together, one's share;
                                 * 0: not known, it is done on the device */
} RexnetAnswer;

/** As rexnet_engine_classify(); all of @answer is filled in. */
REXNET_API gboolean rexnet_engine_classify_full (RexnetEngine * engine,
    const RexnetImage * images, guint batch, RexnetAnswer * answer,
    GError ** error);

/**
 * rexnet_engine_get_plan:
 *
 * Returns: (transfer full) (element-type RexnetPhase): the phases in order
 */
REXNET_API GArray *rexnet_engine_get_plan (RexnetEngine * engine);

/**
 * rexnet_engine_profile:
 * @runs: calls to time, >= 1
 *
 * Returns: (transfer full) (element-type RexnetPhase): the plan with each
 *   phase's median time, on a fixed input
 */
REXNET_API GArray *rexnet_engine_profile (RexnetEngine * engine, guint runs,
    GError ** error);

/**
 * rexnet_device_tune:
 * @options: device, cache_dir, precision, width and height (0: 224) and
 *   progress matter
 * @report: (out) (transfer full): what was timed, text for people; NULL on
 *   error
 *
 * Measures which sizes of the OpenCL kernels' tiles are fastest on a device,
 * on ReXNet 1.0 with generated weights, and stores them in the cache folder,
 * where the engines made later find them. Takes a minute or a few, most of it
 * the driver's compiler.
 */
REXNET_API gboolean rexnet_device_tune (const RexnetEngineOptions * options,
    char **report, GError ** error);

/* ---- results ----------------------------------------------------------- */

typedef struct
{
  guint index;
  float score;
} RexnetScore;

/** Probabilities of @n logits; @scores may be @logits. */
REXNET_API void rexnet_softmax (const float *logits, float *scores, guint n);

/**
 * rexnet_top_k:
 * @best: (out caller-allocates): room for @k
 *
 * The @k highest of @n scores that reach @threshold, best first; of equals the
 * lower index first. NaN never qualifies.
 *
 * Returns: how many were written
 */
REXNET_API guint rexnet_top_k (const float *scores, guint n, guint k,
    float threshold, RexnetScore * best);

G_END_DECLS
