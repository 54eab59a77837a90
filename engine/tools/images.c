/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "images.h"
#include "jpeg.h"

#define MAX_SIDE 32768
#define MAX_PIXELS (1 << 28)

/* Before a decoder opens it: a named pipe would make it wait. */
static gboolean
check_regular (const char *path, GError ** error)
{
  GStatBuf st;

  if (g_stat (path, &st) != 0) {
    int code = errno;

    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code),
        g_strerror (code));
    return FALSE;
  }
  if (S_ISREG (st.st_mode) && st.st_size > 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
      S_ISDIR (st.st_mode) ? "is a folder"
      : S_ISREG (st.st_mode) ? "is empty" : "is no regular file");
  return FALSE;
}

static gboolean
check_jpeg (const char *path, GError ** error)
{
  g_autofree char *data = NULL;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, error))
    return FALSE;
  if (jpeg_is_complete ((const guint8 *) data, size))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
      "the JPEG file ends early, after %" G_GSIZE_FORMAT " bytes", size);
  return FALSE;
}

/* Before anything is allocated for its pixels. A format that is not known is
 * left to the decoder to report. */
static gboolean
check_header (const char *path, GError ** error)
{
  int width, height;
  GdkPixbufFormat *format = gdk_pixbuf_get_file_info (path, &width, &height);
  g_autofree char *name = format ? gdk_pixbuf_format_get_name (format) : NULL;

  if (name && (width > MAX_SIDE || height > MAX_SIDE
          || (gint64) width * height > MAX_PIXELS)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "%d x %d pixels are more than a picture may have (%d a side, %d "
        "million in all)", width, height, MAX_SIDE, MAX_PIXELS / 1000000);
    return FALSE;
  }
  return g_strcmp0 (name, "jpeg") != 0 || check_jpeg (path, error);
}

/* What a message of gdk-pixbuf's says after the name of the file. */
static const char *
skip_name (const char *message, const char *path)
{
  g_autofree char *name = g_filename_display_name (path);
  const char *at = strstr (message, name);

  at = at ? strstr (at + strlen (name), ": ") : NULL;
  return at ? at + strlen (": ") : message;
}

/* Not by a GdkPixbufLoader, which accepts a PNG file that ends early. */
static GdkPixbuf *
decode (const char *path, GError ** error)
{
  g_autoptr (GError) failure = NULL;
  GdkPixbuf *pixbuf = gdk_pixbuf_new_from_file (path, &failure);

  if (pixbuf)
    return pixbuf;
  if (g_error_matches (failure, GDK_PIXBUF_ERROR,
          GDK_PIXBUF_ERROR_UNKNOWN_TYPE))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "is no picture, or of a format that gdk-pixbuf has no loader for");
  else
    g_set_error_literal (error, failure->domain, failure->code,
        skip_name (failure->message, path));
  return NULL;
}

GdkPixbuf *
image_load (const char *path, GError ** error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;

  if (!check_regular (path, error) || !check_header (path, error)
      || !(pixbuf = decode (path, error)))
    return NULL;
  return gdk_pixbuf_apply_embedded_orientation (pixbuf);
}

RexnetImage
image_view (GdkPixbuf * pixbuf)
{
  return (RexnetImage) {
    .format = gdk_pixbuf_get_has_alpha (pixbuf) ? REXNET_FORMAT_RGBX
        : REXNET_FORMAT_RGB,
    .width = gdk_pixbuf_get_width (pixbuf),
    .height = gdk_pixbuf_get_height (pixbuf),
    .plane = {gdk_pixbuf_read_pixels (pixbuf)},
    .stride = {gdk_pixbuf_get_rowstride (pixbuf)},
    .full_range = TRUE,
  };
}
