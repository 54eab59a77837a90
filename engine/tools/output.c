/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

void
tool_error (const char *file, const char *format, ...)
{
  g_autofree char *name = file ? g_filename_display_name (file) : NULL;
  g_autofree char *text = NULL, *message = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  message = g_utf8_make_valid (text, -1);
  fflush (stdout);
  fprintf (stderr, "rexnet: %s%s%s\n", name ? name : "", name ? ": " : "",
      message);
}

gboolean
tool_check_output (GError ** error)
{
  static gboolean failed;
  int code;

  if (failed || (fflush (stdout) == 0 && !ferror (stdout)))
    return TRUE;
  code = errno;
  failed = TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
      "standard output: %s", g_strerror (code));
  return FALSE;
}

static gboolean
is_gzip (GInputStream * stream, GError ** error)
{
  GBufferedInputStream *buffered = G_BUFFERED_INPUT_STREAM (stream);
  const guint8 *start;
  gsize size;

  if (g_buffered_input_stream_fill (buffered, 2, NULL, error) < 0)
    return FALSE;
  start = g_buffered_input_stream_peek_buffer (buffered, &size);
  return size >= 2 && start[0] == 0x1f && start[1] == 0x8b;
}

static GInputStream *
open_file (const char *path, GError ** error)
{
  const int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  struct stat st;

  if (fd < 0) {
    int code = errno;

    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code),
        g_strerror (code));
    return NULL;
  }
  if (fstat (fd, &st) == 0 && S_ISDIR (st.st_mode)) {
    close (fd);
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY,
        "is a folder");
    return NULL;
  }
  return g_unix_input_stream_new (fd, TRUE);
}

GInputStream *
tool_open (const char *path, gboolean gunzip, GError ** error)
{
  g_autoptr (GInputStream) raw = open_file (path, error), buffered = NULL;
  g_autoptr (GConverter) converter = NULL;
  GError *failure = NULL;

  if (!raw || !gunzip)
    return g_steal_pointer (&raw);

  buffered = g_buffered_input_stream_new (raw);
  if (!is_gzip (buffered, &failure)) {
    if (!failure)
      return g_steal_pointer (&buffered);
    g_propagate_error (error, failure);
    return NULL;
  }
  converter =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  return g_converter_input_stream_new (buffered, converter);
}

#define MAX_REST ((gsize) 1 << 30)

/* The bytes left in @stream; stops counting at MAX_REST. */
static gsize
count_rest (GInputStream * stream)
{
  gsize rest = 0;
  gssize n;

  while (rest < MAX_REST
      && (n = g_input_stream_skip (stream, 1 << 20, NULL, NULL)) > 0)
    rest += n;
  return rest;
}

guint8 *
tool_read (GInputStream * stream, gsize size, GError ** error)
{
  g_autofree guint8 *data = g_try_malloc (size + 1);
  gsize found, rest = 0;

  if (!data) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "no memory for %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  /* One byte more than wanted tells a longer file. */
  if (!g_input_stream_read_all (stream, data, size + 1, &found, NULL, error))
    return NULL;
  if (found != size) {
    if (found > size)
      rest = count_rest (stream);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "expected %" G_GSIZE_FORMAT " bytes, found %s%" G_GSIZE_FORMAT, size,
        rest < MAX_REST ? "" : "at least ", found + rest);
    return NULL;
  }
  return g_steal_pointer (&data);
}

int
tool_compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

void
tool_print_json (JsonNode * root)
{
  g_autofree char *text = json_to_string (root, FALSE);

  puts (text);
  json_node_unref (root);
}

void
tool_json_set_string (JsonBuilder * builder, const char *name,
    const char *string)
{
  json_builder_set_member_name (builder, name);
  if (string)
    json_builder_add_string_value (builder, string);
  else
    json_builder_add_null_value (builder);
}

void
tool_json_set_int (JsonBuilder * builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

void
tool_json_set_double (JsonBuilder * builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}
