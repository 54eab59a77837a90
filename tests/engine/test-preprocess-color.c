/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Colour: YUV and grey pictures against the definition in double precision,
 * against the RGB picture they were made from, and against known colours; and
 * the errors for pictures that cannot be. */
#include <math.h>
#include <string.h>

#include "image/geometry.h"
#include "image/layout.h"
#include "image/preprocess.h"
#include "picture.h"

static const RexnetFormat yuv_formats[] = {
  REXNET_FORMAT_I420, REXNET_FORMAT_YV12, REXNET_FORMAT_NV12,
  REXNET_FORMAT_NV21, REXNET_FORMAT_YUY2, REXNET_FORMAT_UYVY,
};

static const double luma[][2] = {       /* Kr, Kb */
  {0.299, 0.114}, {0.2126, 0.0722}, {0.2627, 0.0593}, {0.212, 0.087},
  {0.30, 0.11},
};

static RexnetInput
make_input (guint width, guint height, double crop_pct)
{
  return (RexnetInput) {
    width, height, REXNET_INTERPOLATION_BICUBIC, crop_pct, {0, 0, 0}, {1, 1, 1}
  };
}

/* ---- the definition ------------------------------------------------------ */

static double
keys (double x)
{
  x = fabs (x);
  if (x < 1)
    return 1.5 * x * x * x - 2.5 * x * x + 1;
  return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}

static double
triangle (double x)
{
  return MAX (1 - fabs (x), 0);
}

/* weight[j] of each of the @n samples for output @i; their sum is 1. */
static void
reference_weights (const RexnetAxis * axis, guint i, gboolean subsampled,
    gboolean cosited, RexnetInterpolation interpolation, double *weight,
    guint n)
{
  double scale = (double) axis->size / (double) axis->resized;
  double place = ((double) axis->offset + i + 0.5) * scale, sum = 0;

  if (subsampled) {
    place = cosited ? (place - 0.5) / 2 + 0.5 : place / 2;
    scale /= 2;
  }
  for (guint j = 0; j < n; j++) {
    double x = (j + 0.5 - place) / MAX (scale, 1);
    weight[j] = interpolation == REXNET_INTERPOLATION_BICUBIC ? keys (x)
        : triangle (x);
    sum += weight[j];
  }
  for (guint j = 0; j < n; j++)
    weight[j] /= sum;
}

/* Channel @c of @image resampled: height x width values in 8-bit units. */
static double *
reference_channel (const RexnetImage * image, guint c,
    const RexnetInput * input)
{
  const RexnetChannel *ch = &rexnet_layout_get (image->format)->channel[c];
  guint cols = rexnet_channel_samples (image->width, ch->x_shift);
  guint rows = rexnet_channel_samples (image->height, ch->y_shift);
  double *out = g_new0 (double, input->width * input->height);
  g_autofree double *mid = g_new0 (double, (gsize) rows * input->width);
  g_autofree double *weight = g_new (double, MAX (cols, rows));
  RexnetAxis x, y;

  rexnet_geometry (input, image->width, image->height, &x, &y);
  for (guint i = 0; i < input->width; i++) {
    reference_weights (&x, i, ch->x_shift, image->chroma_h_cosited,
        input->interpolation, weight, cols);
    for (guint r = 0; r < rows; r++)
      for (guint j = 0; j < cols; j++)
        mid[r * input->width + i] += weight[j] * image->plane[ch->plane]
            [r * image->stride[ch->plane] + j * ch->step + ch->offset];
  }
  for (guint i = 0; i < input->height; i++) {
    reference_weights (&y, i, ch->y_shift, image->chroma_v_cosited,
        input->interpolation, weight, rows);
    for (guint r = 0; r < rows; r++)
      for (guint k = 0; k < input->width; k++)
        out[i * input->width + k] += weight[r] * mid[r * input->width + k];
  }
  return out;
}

static void
reference_rgb (const RexnetImage * image, double y, double u, double v,
    double rgb[3])
{
  double kr = luma[image->matrix][0], kb = luma[image->matrix][1];

  y = image->full_range ? y / 255 : (y - 16) / 219;
  u = (u - 128) / (image->full_range ? 255 : 224);
  v = (v - 128) / (image->full_range ? 255 : 224);
  rgb[0] = y + 2 * (1 - kr) * v;
  rgb[2] = y + 2 * (1 - kb) * u;
  rgb[1] = (y - kr * rgb[0] - kb * rgb[2]) / (1 - kr - kb);
  for (guint c = 0; c < 3; c++)
    rgb[c] = CLAMP (rgb[c], 0, 1);
}

/* Returns: the largest distance from the definition, in 255ths. */
static double
distance (const RexnetImage * image, const RexnetInput * input, RexnetIsa isa)
{
  guint n = input->width * input->height;
  gboolean gray = image->format == REXNET_FORMAT_GRAY8;
  g_autofree double *y = reference_channel (image, 0, input);
  g_autofree double *u = gray ? NULL : reference_channel (image, 1, input);
  g_autofree double *v = gray ? NULL : reference_channel (image, 2, input);
  g_autofree float *got = g_new (float, 3 * n);
  RexnetPreprocessor *p = rexnet_preprocessor_new (input, isa, 1);
  double worst = 0;

  g_assert_true (rexnet_preprocessor_run (p, image, got, NULL));
  rexnet_preprocessor_free (p);
  for (guint i = 0; i < n; i++) {
    double rgb[3];

    reference_rgb (image, y[i], gray ? 128 : u[i], gray ? 128 : v[i], rgb);
    for (guint c = 0; c < 3; c++)
      worst = MAX (worst, fabs (rgb[c] - (double) got[c * n + i]));
  }
  return worst * 255;
}

static void
test_definition (void)
{
  static const guint sizes[][2] = { {1, 1}, {2, 1}, {3, 4}, {31, 47}, {80, 64},
  {201, 133}, {60, 300} };
  double worst = 0;

  for (guint f = 0; f < G_N_ELEMENTS (yuv_formats); f++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      for (guint k = 0; k < 4; k++) {
        RexnetInput input = make_input (32, 32 + 8 * (k & 1), 0.875);
        TestPicture picture;

        if (k == 3)
          input.interpolation = REXNET_INTERPOLATION_BILINEAR;
        test_picture_init (&picture, yuv_formats[f], sizes[s][0], sizes[s][1]);
        picture.image.chroma_h_cosited = k & 1;
        picture.image.chroma_v_cosited = k >> 1;
        picture.image.full_range = s & 1;
        picture.image.matrix = (f + s + k) % 5;
        worst = MAX (worst, distance (&picture.image, &input, REXNET_ISA_AUTO));
        test_picture_clear (&picture);
      }
  g_test_message ("farthest from the definition: %.3f / 255", worst);
  g_assert_cmpfloat (worst, <, 0.25);
}

/* Studio range; full range is in the recorded output. */
static void
test_gray (void)
{
  RexnetInput input = make_input (40, 32, 0.9);
  TestPicture picture;

  test_picture_init (&picture, REXNET_FORMAT_GRAY8, 101, 77);
  g_assert_cmpfloat (distance (&picture.image, &input, REXNET_ISA_AUTO), <,
      0.25);
  test_picture_clear (&picture);
}

/* Full-range grey is what the same grey in RGB is. */
static void
test_full_gray (void)
{
  static const guint sizes[][2] = { {57, 43}, {50, 190} };
  RexnetInput input = make_input (40, 32, 0.9);
  gsize n = 3 * 40 * 32;

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    g_autofree float *want = g_new (float, n), *got = g_new (float, n);
    TestPicture gray, rgb;

    test_picture_init (&gray, REXNET_FORMAT_GRAY8, sizes[s][0], sizes[s][1]);
    test_picture_init (&rgb, REXNET_FORMAT_RGB, sizes[s][0], sizes[s][1]);
    gray.image.full_range = TRUE;
    for (guint y = 0; y < sizes[s][1]; y++)
      for (guint i = 0; i < 3 * sizes[s][0]; i++)
        rgb.data[y * rgb.image.stride[0] + i] =
            gray.data[y * gray.image.stride[0] + i / 3];
    g_assert_true (rexnet_preprocess (&gray.image, &input, got, NULL));
    g_assert_true (rexnet_preprocess (&rgb.image, &input, want, NULL));
    g_assert_cmpmem (got, n * sizeof *got, want, n * sizeof *want);
    test_picture_clear (&gray);
    test_picture_clear (&rgb);
  }
}

/* ---- one picture in RGB and in YUV --------------------------------------- */

/* A smooth picture at any place; @u and @v in [0, 1]. */
static void
scene (double u, double v, double rgb[3])
{
  rgb[0] = 0.5 + 0.4 * sin (6 * u + 2 * v);
  rgb[1] = 0.5 + 0.4 * sin (4 * v - 3 * u + 1);
  rgb[2] = 0.5 + 0.4 * sin (5 * u + 5 * v + 2);
}

/* Channel @c of the scene at (@x, @y) pixels from the corner, in 8 bits. */
static guint8
scene_yuv (const RexnetImage * image, guint c, double x, double y)
{
  double kr = luma[image->matrix][0], kb = luma[image->matrix][1];
  double rgb[3], luminance, value;

  scene (x / image->width, y / image->height, rgb);
  luminance = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2];
  if (c == 0)
    value = image->full_range ? 255 * luminance : 16 + 219 * luminance;
  else
    value = 128 + (image->full_range ? 255 : 224)
        * (c == 1 ? (rgb[2] - luminance) / (2 - 2 * kb)
        : (rgb[0] - luminance) / (2 - 2 * kr));
  return (guint8) lrint (value);
}

static void
paint_scene (TestPicture * picture)
{
  const RexnetImage *image = &picture->image;
  const RexnetLayout *layout = rexnet_layout_get (image->format);

  for (guint c = 0; c < 3; c++) {
    const RexnetChannel *ch = &layout->channel[c];
    guint8 *plane = (guint8 *) image->plane[ch->plane] + ch->offset;
    double x0 = ch->x_shift && !image->chroma_h_cosited ? 1.0 : 0.5;
    double y0 = ch->y_shift && !image->chroma_v_cosited ? 1.0 : 0.5;

    for (guint j = 0; j < image->height; j += 1u << ch->y_shift)
      for (guint i = 0; i < image->width; i += 1u << ch->x_shift) {
        guint8 *sample = plane
            + (j >> ch->y_shift) * image->stride[ch->plane]
            + (i >> ch->x_shift) * ch->step;
        double rgb[3];

        scene ((i + 0.5) / image->width, (j + 0.5) / image->height, rgb);
        *sample = layout->model == REXNET_COLOR_RGB
            ? (guint8) lrint (255 * rgb[c])
            : scene_yuv (image, c, i + x0, j + y0);
      }
  }
}

static void
test_scene (void)
{
  static const guint sizes[][2] = { {160, 120}, {97, 131}, {300, 200} };
  RexnetInput input = make_input (64, 64, 0.875);
  float want[3 * 64 * 64], got[3 * 64 * 64];
  double worst = 0, total = 0;
  guint n = 0;

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    TestPicture rgb;

    test_picture_init (&rgb, REXNET_FORMAT_RGB, sizes[s][0], sizes[s][1]);
    paint_scene (&rgb);
    g_assert_true (rexnet_preprocess (&rgb.image, &input, want, NULL));
    for (guint f = 0; f < G_N_ELEMENTS (yuv_formats); f++)
      for (guint k = 0; k < 40; k++) {
        TestPicture yuv;

        test_picture_init (&yuv, yuv_formats[f], sizes[s][0], sizes[s][1]);
        yuv.image.chroma_h_cosited = k & 1;
        yuv.image.chroma_v_cosited = k >> 1 & 1;
        yuv.image.full_range = k >> 2 & 1;
        yuv.image.matrix = k / 8;
        paint_scene (&yuv);
        g_assert_true (rexnet_preprocess (&yuv.image, &input, got, NULL));
        for (guint i = 0; i < G_N_ELEMENTS (got); i++) {
          double error = fabs ((double) got[i] - (double) want[i]) * 255;

          worst = MAX (worst, error);
          total += error;
          n++;
        }
        test_picture_clear (&yuv);
      }
    test_picture_clear (&rgb);
  }
  g_test_message ("from the RGB picture: %.3f / 255 at most, %.3f on average",
      worst, total / n);
  g_assert_cmpfloat (worst, <, 3.0);
  g_assert_cmpfloat (total / n, <, 0.5);
}

/* ---- known colours ------------------------------------------------------- */

typedef struct
{
  RexnetMatrix matrix;
  gboolean full_range;
  guint8 yuv[3];
  float rgb[3], within;         /* in 255ths */
} Patch;

static const Patch patches[] = {
  /* 100 % bars as the standards print them, each sample rounded to 8 bits. */
  {REXNET_MATRIX_BT601, FALSE, {81, 90, 240}, {255, 0, 0}, 1.6f},
  {REXNET_MATRIX_BT601, FALSE, {145, 54, 34}, {0, 255, 0}, 1.6f},
  {REXNET_MATRIX_BT601, FALSE, {41, 240, 110}, {0, 0, 255}, 1.6f},
  {REXNET_MATRIX_BT709, FALSE, {63, 102, 240}, {255, 0, 0}, 1.6f},
  {REXNET_MATRIX_BT709, FALSE, {173, 42, 26}, {0, 255, 0}, 1.6f},
  {REXNET_MATRIX_BT709, FALSE, {32, 240, 118}, {0, 0, 255}, 1.6f},
  {REXNET_MATRIX_BT709, FALSE, {219, 16, 138}, {255, 255, 0}, 1.6f},
  {REXNET_MATRIX_BT2020, FALSE, {74, 97, 240}, {255, 0, 0}, 1.6f},
  {REXNET_MATRIX_BT2020, FALSE, {29, 240, 119}, {0, 0, 255}, 1.6f},
  {REXNET_MATRIX_SMPTE240M, FALSE, {62, 102, 240}, {255, 0, 0}, 1.6f},
  {REXNET_MATRIX_FCC, FALSE, {82, 90, 240}, {255, 0, 0}, 1.6f},
  /* JFIF. */
  {REXNET_MATRIX_BT601, TRUE, {76, 85, 255}, {255, 0, 0}, 1.6f},
  {REXNET_MATRIX_BT601, TRUE, {150, 44, 21}, {0, 255, 0}, 1.6f},
  {REXNET_MATRIX_BT601, TRUE, {29, 255, 107}, {0, 0, 255}, 1.6f},
  /* Greys, and what lies outside studio range. */
  {REXNET_MATRIX_BT709, FALSE, {16, 128, 128}, {0, 0, 0}, 1e-4f},
  {REXNET_MATRIX_BT709, FALSE, {235, 128, 128}, {255, 255, 255}, 1e-4f},
  {REXNET_MATRIX_BT709, FALSE, {254, 128, 128}, {255, 255, 255}, 0},
  {REXNET_MATRIX_BT709, FALSE, {1, 128, 128}, {0, 0, 0}, 0},
  {REXNET_MATRIX_BT601, TRUE, {0, 128, 128}, {0, 0, 0}, 1e-4f},
  {REXNET_MATRIX_BT601, TRUE, {99, 128, 128}, {99, 99, 99}, 1e-4f},
  {REXNET_MATRIX_BT601, TRUE, {255, 128, 128}, {255, 255, 255}, 1e-4f},
};

static void
check_patch (const Patch * patch, RexnetFormat format, RexnetIsa isa)
{
  const RexnetLayout *layout = rexnet_layout_get (format);
  RexnetInput input = make_input (32, 32, 1.0);
  RexnetPreprocessor *p = rexnet_preprocessor_new (&input, isa, 1);
  float got[3 * 32 * 32];
  TestPicture picture;

  test_picture_init (&picture, format, 45, 37);
  picture.image.matrix = patch->matrix;
  picture.image.full_range = patch->full_range;
  for (guint c = 0; c < 3; c++) {
    const RexnetChannel *ch = &layout->channel[c];
    guint8 *plane = (guint8 *) picture.image.plane[ch->plane];

    for (guint y = 0; y < rexnet_channel_samples (37, ch->y_shift); y++)
      for (guint x = 0; x < rexnet_channel_samples (45, ch->x_shift); x++)
        plane[y * picture.image.stride[ch->plane] + x * ch->step
            + ch->offset] = patch->yuv[c];
  }
  g_assert_true (rexnet_preprocessor_run (p, &picture.image, got, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (got); i++)
    g_assert_cmpfloat (fabsf (got[i] * 255 - patch->rgb[i / 1024]), <=,
        patch->within);
  rexnet_preprocessor_free (p);
  test_picture_clear (&picture);
}

static void
test_patches (void)
{
  for (guint isa = REXNET_ISA_C; isa <= rexnet_isa_best (); isa++)
    for (guint i = 0; i < G_N_ELEMENTS (patches); i++)
      for (guint f = 0; f < G_N_ELEMENTS (yuv_formats); f++)
        check_patch (&patches[i], yuv_formats[f], isa);
}

/* ---- errors -------------------------------------------------------------- */

static void
expect_error (const RexnetImage * image, const RexnetInput * input,
    const char *field, const char *value)
{
  float output[3 * 32 * 32];
  g_autoptr (GError) error = NULL;

  g_assert_false (rexnet_preprocess (image, input, output, &error));
  g_assert_error (error, REXNET_ERROR, REXNET_ERROR_ARGUMENT);
  if (!strstr (error->message, field) || !strstr (error->message, value))
    g_error ("'%s' names not both %s and %s", error->message, field, value);
}

static void
test_bad_images (void)
{
  RexnetInput input = make_input (32, 32, 1.0);
  TestPicture picture;
  RexnetImage bad;

  test_picture_init (&picture, REXNET_FORMAT_NV12, 41, 40);
#define BAD(change, field, value) \
  bad = picture.image; \
  change; \
  expect_error (&bad, &input, field, value)
  BAD (bad.format = 13, "format", "13");
  BAD (bad.format = -1, "format", "-1");
  BAD (bad.width = 0, "width", "0");
  BAD (bad.width = 32769, "width", "32769");
  BAD (bad.height = 0, "height", "0");
  BAD (bad.height = G_MAXUINT, "height", "4294967295");
  BAD (bad.plane[1] = NULL, "plane 1", "NULL");
  BAD (bad.stride[0] = 40, "stride of plane 0", "40");
  BAD (bad.stride[1] = 41, "stride of plane 1", "41");
  BAD (bad.stride[1] = -41, "stride of plane 1", "-41");
  BAD (bad.stride[0] = 0, "stride of plane 0", "0");
  BAD (bad.matrix = 5, "matrix", "5");
#undef BAD
  test_picture_clear (&picture);
}

static void
test_bad_inputs (void)
{
  RexnetInput good = make_input (32, 32, 1.0), bad;
  TestPicture picture;

  test_picture_init (&picture, REXNET_FORMAT_RGB, 9, 9);
#define BAD(change, field, value) \
  bad = good; \
  change; \
  expect_error (&picture.image, &bad, field, value)
  BAD (bad.width = 31, "width", "31");
  BAD (bad.height = 4097, "height", "4097");
  BAD (bad.crop_pct = 0, "crop_pct", "0");
  BAD (bad.crop_pct = 1.5, "crop_pct", "1.5");
  BAD (bad.crop_pct = NAN, "crop_pct", "nan");
  BAD (bad.interpolation = 2, "interpolation", "2");
  BAD (bad.std[2] = 0, "std", "0");
  BAD (bad.mean[1] = INFINITY, "mean", "inf");
#undef BAD
  test_picture_clear (&picture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/preprocess/color/definition", test_definition);
  g_test_add_func ("/preprocess/color/gray", test_gray);
  g_test_add_func ("/preprocess/color/full-gray", test_full_gray);
  g_test_add_func ("/preprocess/color/scene", test_scene);
  g_test_add_func ("/preprocess/color/patches", test_patches);
  g_test_add_func ("/preprocess/errors/image", test_bad_images);
  g_test_add_func ("/preprocess/errors/input", test_bad_inputs);
  return g_test_run ();
}
