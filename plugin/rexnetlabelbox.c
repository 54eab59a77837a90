/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rexnetlabelbox.h"

#include <math.h>
#include <pango/pangocairo.h>

struct _RexnetLabelBox
{
  PangoContext *context;        /* with a font map of its own */
};

/* Measures of one box, in pixels. */
typedef struct
{
  double em;                    /* font size */
  int line;                     /* height of the text of a row */
  int gap;                      /* under that text: bar and space */
  int padding, margin;          /* inside and outside the box */
  int score;                    /* width of the percentages; 0: not shown */
  int width, height;            /* of the box */
} Measures;

#define MIN_EM 6
/* The least width of a box and the steps in which it grows, in ems: so that
 * it does not jump with every label. */
#define MIN_WIDTH 10
#define STEP 2

RexnetLabelBox *
rexnet_label_box_new (void)
{
  RexnetLabelBox *self = g_new0 (RexnetLabelBox, 1);
  PangoFontMap *map = pango_cairo_font_map_new ();

  self->context = pango_font_map_create_context (map);
  g_object_unref (map);
  return self;
}

void
rexnet_label_box_free (RexnetLabelBox * self)
{
  if (!self)
    return;
  g_object_unref (self->context);
  g_free (self);
}

/* Small frames get letters that are large for them, to stay readable. */
static double
font_pixels (const PangoFontDescription * font, guint width, guint height)
{
  double size = pango_font_description_get_size (font) / (double) PANGO_SCALE;

  if (size == 0)
    return 4 + 0.03 * MIN (height, width * 0.75);
  if (pango_font_description_get_size_is_absolute (font))
    return size;
  return size * 96 / 72;
}

/* The first label of a result; a heading stands before it or nothing. */
static gboolean
is_best (const RexnetRow * rows, guint i)
{
  return rows[i].score >= 0 && (i == 0 || rows[i - 1].score < 0);
}

static PangoLayout *
make_layout (RexnetLabelBox * self, const PangoFontDescription * font,
    const RexnetRow * row, gboolean best)
{
  g_autoptr (PangoFontDescription) own = pango_font_description_copy (font);
  PangoLayout *layout = pango_layout_new (self->context);
  g_autofree char *text = g_utf8_make_valid (row->text, -1);

  if (best || row->score < 0)
    pango_font_description_set_weight (own, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description (layout, own);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_text (layout, text, -1);
  return layout;
}

static PangoLayout *
make_score (RexnetLabelBox * self, const PangoFontDescription * font,
    double score, gboolean best)
{
  g_autofree char *text = g_strdup_printf ("%.0f%%", score * 100);
  RexnetRow row = { text, score };

  return make_layout (self, font, &row, best);
}

static int
text_width (PangoLayout * layout)
{
  int width;

  pango_layout_get_pixel_size (layout, &width, NULL);
  return width;
}

/* How far a box of @m can be filled; FALSE when not even one row fits. */
static gboolean
fit (Measures * m, guint frame_width, guint frame_height, guint * n)
{
  int row = m->line + m->gap;
  int room = (int) frame_height - 2 * m->margin - 2 * m->padding;
  int widest = (int) frame_width - 2 * m->margin;

  *n = MIN (*n, room < 0 ? 0 : (guint) (room / row));
  m->width = MIN (m->width, widest);
  m->height = *n * row + 2 * m->padding;
  return *n > 0 && m->width > 2 * m->padding + m->score + 2 * m->em;
}

static gboolean
measure (RexnetLabelBox * self, Measures * m, const PangoFontDescription * font,
    gboolean scores, guint frame_width, guint frame_height,
    const RexnetRow * rows, guint * n)
{
  int widest = 0;

  m->padding = ceil (0.5 * m->em);
  m->margin = ceil (0.5 * m->em);
  for (guint i = 0; i < *n; i++) {
    g_autoptr (PangoLayout) text =
        make_layout (self, font, &rows[i], is_best (rows, i));
    int height;

    pango_layout_get_pixel_size (text, NULL, &height);
    m->line = MAX (m->line, height);
    widest = MAX (widest, text_width (text));
  }
  if (scores) {
    g_autoptr (PangoLayout) full = make_score (self, font, 1, TRUE);

    m->score = text_width (full) + ceil (0.6 * m->em);
  }
  m->gap = ceil (scores ? 0.5 * m->em : 0.1 * m->em);
  m->width = MAX (widest + m->score + 2 * m->padding, MIN_WIDTH * m->em);
  m->width = ceil (ceil (m->width / (STEP * m->em)) * STEP * m->em);
  return fit (m, frame_width, frame_height, n);
}

static void
set_color (cairo_t * cr, guint32 argb, double opacity)
{
  cairo_set_source_rgba (cr, (argb >> 16 & 0xff) / 255.,
      (argb >> 8 & 0xff) / 255., (argb & 0xff) / 255.,
      (argb >> 24) / 255. * opacity);
}

static void
rounded (cairo_t * cr, double x, double y, double width, double height,
    double radius)
{
  double r = MIN (radius, MIN (width, height) / 2);

  cairo_new_path (cr);
  cairo_arc (cr, x + width - r, y + r, r, -G_PI_2, 0);
  cairo_arc (cr, x + width - r, y + height - r, r, 0, G_PI_2);
  cairo_arc (cr, x + r, y + height - r, r, G_PI_2, G_PI);
  cairo_arc (cr, x + r, y + r, r, G_PI, G_PI + G_PI_2);
  cairo_close_path (cr);
}

static void
draw_bar (cairo_t * cr, const Measures * m, const RexnetBoxStyle * style,
    double y, double score)
{
  double width = m->width - 2 * m->padding;
  double height = MAX (ceil (0.14 * m->em), 2);

  set_color (cr, style->color, 0.2);
  rounded (cr, m->padding, y, width, height, height);
  cairo_fill (cr);
  if (score < 0.005)
    return;
  set_color (cr, style->bar, 1);
  rounded (cr, m->padding, y, MAX (width * MIN (score, 1), height), height,
      height);
  cairo_fill (cr);
}

static void
draw_row (RexnetLabelBox * self, cairo_t * cr, const Measures * m,
    const PangoFontDescription * font, const RexnetBoxStyle * style,
    const RexnetRow * rows, guint i)
{
  const RexnetRow *row = &rows[i];
  gboolean best = is_best (rows, i);
  g_autoptr (PangoLayout) text = make_layout (self, font, row, best);
  int y = m->padding + i * (m->line + m->gap);
  gboolean scored = style->scores && row->score >= 0;
  int room = m->width - 2 * m->padding - (scored ? m->score : 0);

  pango_layout_set_width (text, room * PANGO_SCALE);
  set_color (cr, style->color, row->score < 0 ? 0.6 : best ? 1 : 0.85);
  cairo_move_to (cr, m->padding, y);
  pango_cairo_show_layout (cr, text);
  if (scored) {
    g_autoptr (PangoLayout) score = make_score (self, font, row->score, best);

    cairo_move_to (cr, m->width - m->padding - text_width (score), y);
    pango_cairo_show_layout (cr, score);
    draw_bar (cr, m, style, y + m->line, row->score);
  }
}

static GstBuffer *
draw_box (RexnetLabelBox * self, const Measures * m,
    const PangoFontDescription * font, const RexnetBoxStyle * style,
    const RexnetRow * rows, guint n)
{
  int stride = m->width * 4;
  guint8 *pixels = g_malloc0 ((gsize) stride * m->height);
  cairo_surface_t *surface = cairo_image_surface_create_for_data (pixels,
      CAIRO_FORMAT_ARGB32, m->width, m->height, stride);
  cairo_t *cr = cairo_create (surface);
  GstBuffer *buffer;

  set_color (cr, style->background, 1);
  rounded (cr, 0, 0, m->width, m->height, 0.5 * m->em);
  cairo_fill (cr);
  for (guint i = 0; i < n; i++)
    draw_row (self, cr, m, font, style, rows, i);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);

  buffer = gst_buffer_new_wrapped (pixels, (gsize) stride * m->height);
  gst_buffer_add_video_meta (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, m->width, m->height);
  return buffer;
}

/* Along one side: 0, 1, 2 of a three by three grid in the area, but inside the
 * frame. */
static int
place (int third, int area, int length, int frame, int box, int margin)
{
  gint64 start = area, room = length, at;       /* of any size, anywhere */

  if (third == 0)
    at = start + margin;
  else if (third == 1)
    at = start + (room - box) / 2;
  else
    at = start + room - box - margin;
  return CLAMP (at, margin, frame - box - margin);
}

GstVideoOverlayRectangle *
rexnet_label_box_draw (RexnetLabelBox * self, const RexnetBoxStyle * style,
    guint frame_width, guint frame_height, const GstVideoRectangle * area,
    const RexnetRow * rows, guint n_rows)
{
  g_autoptr (PangoFontDescription) font =
      pango_font_description_from_string (style->font);
  Measures m = { .em = font_pixels (font, frame_width, frame_height) };
  GstVideoOverlayRectangle *rectangle;
  GstBuffer *pixels;

  if (m.em < MIN_EM)
    return NULL;
  pango_font_description_set_absolute_size (font, m.em * PANGO_SCALE);
  if (!measure (self, &m, font, style->scores, frame_width, frame_height, rows,
          &n_rows))
    return NULL;
  pixels = draw_box (self, &m, font, style, rows, n_rows);
  rectangle = gst_video_overlay_rectangle_new_raw (pixels,
      place (style->position % 3, area->x, area->w, frame_width, m.width,
          m.margin),
      place (style->position / 3, area->y, area->h, frame_height, m.height,
          m.margin),
      m.width, m.height, GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
  gst_buffer_unref (pixels);
  return rectangle;
}
