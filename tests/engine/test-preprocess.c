/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preprocessing against what Pillow made of the same pictures, at each level,
 * and what it may never do: read outside a plane, or allocate in steady
 * state. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/layout.h"
#include "image/preprocess.h"
#include "image/resample.h"
#include "picture.h"

#define N_FORMATS (REXNET_FORMAT_UYVY + 1)

static RexnetInput
make_input (guint width, guint height, double crop_pct)
{
  return (RexnetInput) {
    width, height, REXNET_INTERPOLATION_BICUBIC, crop_pct, {0, 0, 0}, {1, 1, 1}
  };
}

static const char *
format_name (guint format)
{
  return rexnet_layout_get (format)->name;
}

static float *
run_with (const RexnetImage * image, const RexnetInput * input,
    const RexnetResample * kernels)
{
  float *output = g_new (float, 3 * input->width * input->height);
  RexnetPreprocessor *p = rexnet_preprocessor_new_with (input, kernels, 1);
  g_autoptr (GError) error = NULL;

  g_assert_true (rexnet_preprocessor_run (p, image, output, &error));
  g_assert_no_error (error);
  rexnet_preprocessor_free (p);
  return output;
}

/* With the best kernels. */
static float *
run (const RexnetImage * image, const RexnetInput * input)
{
  return run_with (image, input, rexnet_resample_get (0));
}

/* ---- recorded output ----------------------------------------------------- */

typedef struct
{
  guint width, height;
  RexnetInput input;
  char digest[65];
} Case;

static gboolean
parse_case (const char *line, Case * c)
{
  char interpolation[16];

  if (line[0] == '#' || line[0] == '\0')
    return FALSE;
  c->input = make_input (0, 0, 0);
  g_assert_cmpint (sscanf (line, "%u %u %15s %u %u %lf %64s", &c->width,
          &c->height, interpolation, &c->input.width, &c->input.height,
          &c->input.crop_pct, c->digest), ==, 7);
  if (g_str_equal (interpolation, "bilinear"))
    c->input.interpolation = REXNET_INTERPOLATION_BILINEAR;
  else
    g_assert_cmpstr (interpolation, ==, "bicubic");
  return TRUE;
}

/* Planes of floats become interleaved bytes; they are whole 255ths. */
static guint8 *
to_bytes (const float *planes, gsize n)
{
  guint8 *bytes = g_new (guint8, 3 * n);

  for (gsize i = 0; i < n; i++)
    for (guint c = 0; c < 3; c++) {
      float v = planes[c * n + i] * 255.f;

      g_assert_cmpfloat (fabsf (v - rintf (v)), <, 1e-4f);
      bytes[3 * i + c] = (guint8) rintf (v);
    }
  return bytes;
}

/* Says how far off a row is before the checksum says that it is. */
static void
check_row (const Case * c, const guint8 * got, const guint8 * want, guint y)
{
  guint row = 3 * c->input.width, worst = 0;

  for (guint i = 0; i < row; i++)
    worst = MAX (worst, (guint) ABS (got[y * row + i] - want[i]));
  if (worst)
    g_error ("%u x %u to %u x %u, crop %g: row %u differs by up to %u",
        c->width, c->height, c->input.width, c->input.height,
        c->input.crop_pct, y, worst);
}

static void
test_recorded (gconstpointer data)
{
  const RexnetResample *kernels = data;
  const char *dir = g_getenv ("REXNET_TEST_DATA");
  g_autofree char *list = g_build_filename (dir, "preprocess/expected.txt",
      NULL), *rows_file = g_build_filename (dir, "preprocess/rows.bin", NULL);
  g_autofree char *text = NULL, *rows = NULL;
  gsize size, at = 0;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (list, &text, NULL, &error);
  g_assert_no_error (error);
  g_file_get_contents (rows_file, &rows, &size, &error);
  g_assert_no_error (error);

  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  TestPicture picture = { 0 };
  Case c;
  for (guint i = 0; lines[i]; i++) {
    if (!parse_case (lines[i], &c))
      continue;
    if (picture.image.width != c.width || picture.image.height != c.height) {
      test_picture_clear (&picture);
      test_picture_init (&picture, REXNET_FORMAT_RGB, c.width, c.height);
    }
    g_autofree float *planes = run_with (&picture.image, &c.input, kernels);
    gsize n = (gsize) c.input.width * c.input.height;
    g_autofree guint8 *bytes = to_bytes (planes, n);
    g_autofree char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256,
        bytes, 3 * n);

    g_assert_cmpuint (at + 6 * c.input.width, <=, size);
    check_row (&c, bytes, (guint8 *) rows + at, 0);
    check_row (&c, bytes, (guint8 *) rows + at + 3 * c.input.width,
        c.input.height / 2);
    at += 6 * c.input.width;
    g_assert_cmpstr (digest, ==, c.digest);
  }
  g_assert_cmpuint (at, ==, size);
  test_picture_clear (&picture);
}

/* ---- levels and formats -------------------------------------------------- */

static const guint sizes[][2] = {
  {1, 1}, {2, 3}, {7, 5}, {33, 47}, {63, 65}, {97, 450}, {320, 180}, {641, 361},
};

/* Every level gives the bits of C. */
static void
test_levels (gconstpointer data)
{
  const RexnetResample *kernels = data;
  RexnetInput inputs[] = { make_input (32, 32, 1.0), make_input (64, 48, 0.9),
    make_input (97, 33, 0.875)
  };

  inputs[0].interpolation = REXNET_INTERPOLATION_BILINEAR;
  for (guint f = 0; f < N_FORMATS; f++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
        const RexnetInput *in = &inputs[i];
        gsize bytes = sizeof (float) * 3 * in->width * in->height;
        TestPicture picture;

        test_picture_init (&picture, f, sizes[s][0], sizes[s][1]);
        picture.image.chroma_h_cosited = s & 1;
        picture.image.full_range = i & 1;
        picture.image.matrix = s % (REXNET_MATRIX_FCC + 1);
        g_autofree float *want = run_with (&picture.image, in,
            &rexnet_resample_c);
        g_autofree float *got = run_with (&picture.image, in, kernels);
        if (memcmp (got, want, bytes) != 0)
          g_error ("%s %u x %u to %u x %u: not what C gives", format_name (f),
              sizes[s][0], sizes[s][1], in->width, in->height);
        test_picture_clear (&picture);
      }
}

/* Formats that hold the same samples give the same bits. */
static void
test_same_samples (void)
{
  static const RexnetFormat groups[][2] = {
    {REXNET_FORMAT_RGB, REXNET_FORMAT_BGR},
    {REXNET_FORMAT_RGB, REXNET_FORMAT_RGBX},
    {REXNET_FORMAT_RGB, REXNET_FORMAT_BGRX},
    {REXNET_FORMAT_RGB, REXNET_FORMAT_XRGB},
    {REXNET_FORMAT_RGB, REXNET_FORMAT_XBGR},
    {REXNET_FORMAT_I420, REXNET_FORMAT_YV12},
    {REXNET_FORMAT_I420, REXNET_FORMAT_NV12},
    {REXNET_FORMAT_I420, REXNET_FORMAT_NV21},
    {REXNET_FORMAT_YUY2, REXNET_FORMAT_UYVY},
  };
  RexnetInput input = make_input (64, 48, 0.9);
  gsize bytes = sizeof (float) * 3 * 64 * 48;

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    for (guint g = 0; g < G_N_ELEMENTS (groups); g++) {
      TestPicture a, b;

      test_picture_init (&a, groups[g][0], sizes[s][0], sizes[s][1]);
      test_picture_init (&b, groups[g][1], sizes[s][0], sizes[s][1]);
      g_autofree float *want = run (&a.image, &input);
      g_autofree float *got = run (&b.image, &input);
      g_assert_cmpmem (got, bytes, want, bytes);
      test_picture_clear (&a);
      test_picture_clear (&b);
    }
}

/* A picture stored upwards is the same picture. */
static void
test_negative_stride (void)
{
  RexnetInput input = make_input (32, 32, 1.0);
  gsize bytes = sizeof (float) * 3 * 32 * 32;
  TestPicture picture;
  const guint height = 50;

  test_picture_init (&picture, REXNET_FORMAT_RGB, 40, height);
  gssize stride = picture.image.stride[0];
  g_autofree guint8 *flipped = g_malloc (picture.size);
  for (guint y = 0; y < height; y++)
    memcpy (flipped + y * stride,
        picture.image.plane[0] + (height - 1 - y) * stride, stride);

  g_autofree float *want = run (&picture.image, &input);
  picture.image.plane[0] = flipped + (height - 1) * stride;
  picture.image.stride[0] = -stride;
  g_autofree float *got = run (&picture.image, &input);
  g_assert_cmpmem (got, bytes, want, bytes);
  test_picture_clear (&picture);
}

static void
test_normalise (void)
{
  RexnetInput plain = make_input (32, 32, 1.0), input = plain;
  TestPicture picture;

  for (guint c = 0; c < 3; c++) {
    input.mean[c] = 0.4f + 0.05f * c;
    input.std[c] = 0.2f + 0.01f * c;
  }
  for (guint f = 0; f < N_FORMATS; f++) {
    test_picture_init (&picture, f, 60, 50);
    g_autofree float *v = run (&picture.image, &plain);
    g_autofree float *got = g_new (float, 3 * 32 * 32);
    g_autoptr (GError) error = NULL;

    g_assert_true (rexnet_preprocess (&picture.image, &input, got, &error));
    for (guint c = 0; c < 3; c++)
      for (guint i = c * 1024; i < (c + 1) * 1024; i++)
        g_assert_cmpfloat_with_epsilon (got[i],
            (v[i] - input.mean[c]) / input.std[c], 2e-6f);
    test_picture_clear (&picture);
  }
}

/* ---- memory -------------------------------------------------------------- */

/* A page that may not be touched stands before or behind @bytes of memory. */
typedef struct
{
  guint8 *map, *data;
  gsize size;
} Guarded;

static void
guarded_init (Guarded * g, gsize bytes, gboolean behind)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gsize body = (bytes + page - 1) / page * page;

  g->size = body + page;
  g->map = mmap (NULL, g->size, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (g->map != MAP_FAILED);
  g_assert_cmpint (mprotect (behind ? g->map + body : g->map, page, PROT_NONE),
      ==, 0);
  g->data = behind ? g->map + body - bytes : g->map + page;
}

static void
guarded_clear (Guarded * g)
{
  munmap (g->map, g->size);
}

/* Bytes of the last row of plane @p. */
static gsize
last_row (const RexnetLayout * layout, guint p, guint width)
{
  gsize bytes = 0;

  for (guint c = 0; c < layout->n_channels; c++) {
    const RexnetChannel *ch = &layout->channel[c];
    gsize n = rexnet_channel_samples (width, ch->x_shift);

    if (ch->plane == p)
      bytes = MAX (bytes, (n - 1) * ch->step + ch->offset + 1);
  }
  return bytes;
}

static void
run_guarded (RexnetFormat format, guint width, guint height,
    const RexnetInput * input, const RexnetResample * kernels, gboolean behind)
{
  const RexnetLayout *layout = rexnet_layout_get (format);
  gsize floats = (gsize) 3 * input->width * input->height;
  Guarded planes[3], output;
  TestPicture picture;

  test_picture_init (&picture, format, width, height);
  g_autofree float *want = run_with (&picture.image, input, kernels);
  for (guint p = 0; p < layout->n_planes; p++) {
    guint shift = p ? layout->channel[1].y_shift : 0;
    gsize bytes = (gsize) picture.image.stride[p]
        * (rexnet_channel_samples (height, shift) - 1)
        + last_row (layout, p, width);

    guarded_init (&planes[p], bytes, behind);
    memcpy (planes[p].data, picture.image.plane[p], bytes);
    picture.image.plane[p] = planes[p].data;
  }
  guarded_init (&output, floats * sizeof (float), behind);

  RexnetPreprocessor *pre = rexnet_preprocessor_new_with (input, kernels, 1);
  g_assert_true (rexnet_preprocessor_run (pre, &picture.image,
          (float *) output.data, NULL));
  g_assert_cmpmem (output.data, floats * sizeof (float), want,
      floats * sizeof (float));
  rexnet_preprocessor_free (pre);
  for (guint p = 0; p < layout->n_planes; p++)
    guarded_clear (&planes[p]);
  guarded_clear (&output);
  test_picture_clear (&picture);
}

static void
test_bounds (gconstpointer data)
{
  const RexnetResample *kernels = data;
  RexnetInput whole = make_input (33, 33, 1.0), wide = make_input (64, 48, 0.9);

  for (guint f = 0; f < N_FORMATS; f++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      for (guint behind = 0; behind < 2; behind++) {
        run_guarded (f, sizes[s][0], sizes[s][1], &whole, kernels,
            behind);
        run_guarded (f, sizes[s][0], sizes[s][1], &wide, kernels,
            behind);
      }
}

/* Counts allocations; AddressSanitizer has its own malloc. */
#if defined (__has_feature)
#if __has_feature (address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined (__GLIBC__) && !defined (__SANITIZE_ADDRESS__)
#define COUNTS_ALLOCATIONS 1
extern void *__libc_malloc (size_t size);
extern void *__libc_memalign (size_t alignment, size_t size);

static guint allocations;

void *
malloc (size_t size)
{
  allocations++;
  return __libc_malloc (size);
}

int
posix_memalign (void **block, size_t alignment, size_t size)
{
  allocations++;
  *block = __libc_memalign (alignment, size);
  return *block ? 0 : ENOMEM;
}
#endif

static void
test_changes (gconstpointer data)
{
  const RexnetResample *kernels = data;
  RexnetInput input = make_input (32, 32, 0.875);
  RexnetPreprocessor *p = rexnet_preprocessor_new_with (&input, kernels, 1);
  float output[3 * 32 * 32];

  for (guint i = 0; i < 40; i++) {
    TestPicture picture;

    test_picture_init (&picture, i * 5 % N_FORMATS, 1 + i * 37 % 200,
        1 + i * 53 % 150);
    picture.image.matrix = i % 5;
    g_autofree float *want = run_with (&picture.image, &input, kernels);
    g_assert_true (rexnet_preprocessor_run (p, &picture.image, output, NULL));
    g_assert_cmpmem (output, sizeof output, want, sizeof output);
#ifdef COUNTS_ALLOCATIONS
    guint before = allocations;
    g_assert_true (rexnet_preprocessor_run (p, &picture.image, output, NULL));
    g_assert_cmpuint (allocations, ==, before);
#endif
    g_assert_cmpmem (output, sizeof output, want, sizeof output);
    test_picture_clear (&picture);
  }
  rexnet_preprocessor_free (p);
}

/* Rows come out the same whoever makes them, and however few at a time. */
static void
test_rows (gconstpointer data)
{
  const RexnetResample *kernels = data;
  const guint width = 48, height = 37, workers = 3;
  RexnetInput input = make_input (width, height, 0.875);
  RexnetPreprocessor *p =
      rexnet_preprocessor_new_with (&input, kernels, workers);
  const gsize bytes = 3 * width * height * sizeof (float);
  g_autofree float *output = g_malloc (bytes);

  for (guint i = 0; i < 3 * N_FORMATS; i++) {
    static const guint sizes[][2] = { {640, 360}, {60, 33}, {90, 800} };
    guint step = 1 + i % 19;
    TestPicture picture;

    test_picture_init (&picture, i % N_FORMATS, sizes[i / N_FORMATS][0],
        sizes[i / N_FORMATS][1]);
    g_autofree float *want = run_with (&picture.image, &input, kernels);
    memset (output, 0xff, bytes);
    g_assert_true (rexnet_preprocessor_prepare (p, &picture.image, NULL));
    for (guint y = (height - 1) / step * step + step; y > 0; y -= step)
      rexnet_preprocessor_run_rows (p, y % workers, &picture.image, y - step,
          MIN (y, height), output);
    g_assert_cmpmem (output, bytes, want, bytes);
    test_picture_clear (&picture);
  }
  rexnet_preprocessor_free (p);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    GTestDataFunc run;
  } of_level[] = {
    {"recorded", test_recorded},
    {"levels", test_levels},
    {"bounds", test_bounds},
    {"changes", test_changes},
    {"rows", test_rows},
  };

  const RexnetResample *kernels;

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; (kernels = rexnet_resample_get (i)); i++)
    for (guint t = 0; t < G_N_ELEMENTS (of_level); t++) {
      g_autofree char *path = g_strdup_printf ("/preprocess/%s/%s",
          of_level[t].name, kernels->name);
      g_test_add_data_func (path, kernels, of_level[t].run);
    }
  g_test_add_func ("/preprocess/same-samples", test_same_samples);
  g_test_add_func ("/preprocess/negative-stride", test_negative_stride);
  g_test_add_func ("/preprocess/normalise", test_normalise);
  return g_test_run ();
}
