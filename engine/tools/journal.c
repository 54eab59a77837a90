/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal.h"
#include "model/json.h"
#include "tool.h"

#define FORMAT "rexnet eval 1"
#define SYNC_US (2 * G_USEC_PER_SEC)

struct _Journal
{
  char *path;
  int fd;
  gint64 synced;                /* monotonic microseconds */
  Dataset *dataset;
  guint classes;
};

#define FAIL(self, error, format, ...) \
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: " format, \
      (self)->path, ##__VA_ARGS__)

static gboolean
fail_errno (Journal * self, GError ** error)
{
  const int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s",
      self->path, g_strerror (code));
  return FALSE;
}

/* ---- writing ------------------------------------------------------------ */

gboolean
journal_sync (Journal * self, GError ** error)
{
  self->synced = g_get_monotonic_time ();
  return fdatasync (self->fd) == 0 || fail_errno (self, error);
}

/* In one go, so that a process that dies leaves whole lines. */
static gboolean
write_line (Journal * self, JsonBuilder * builder, GError ** error)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *json = json_to_string (root, FALSE);
  g_autofree char *line = g_strconcat (json, "\n", NULL);
  gsize length = strlen (line), done = 0;

  while (done < length) {
    gssize n = write (self->fd, line + done, length - done);

    if (n < 0 && errno != EINTR)
      return fail_errno (self, error);
    done += MAX (n, 0);
  }
  return TRUE;
}

static gboolean
write_header (Journal * self, GArray * settings, GError ** error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_json_set_string (builder, "journal", FORMAT);
  for (guint i = 0; i < settings->len; i++) {
    const JournalSetting *s = &g_array_index (settings, JournalSetting, i);

    tool_json_set_string (builder, s->name, s->value);
  }
  json_builder_end_object (builder);
  return write_line (self, builder, error) && journal_sync (self, error);
}

/* Names need not be UTF-8, but JSON must be. */
static char *
display_name (Dataset * dataset, guint index)
{
  g_autofree char *name = dataset_get_name (dataset, index);

  return g_filename_display_name (name);
}

gboolean
journal_add (Journal * self, guint index, const Outcome * outcome,
    const char *failure, GError ** error)
{
  g_autofree char *name = display_name (self->dataset, index);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_json_set_int (builder, "index", index);
  tool_json_set_string (builder, "image", name);
  tool_json_set_int (builder, "class", dataset_get_class (self->dataset,
          index));
  if (failure) {
    g_autofree char *valid = g_utf8_make_valid (failure, -1);

    tool_json_set_string (builder, "error", valid);
  } else {
    json_builder_set_member_name (builder, "best");
    json_builder_begin_array (builder);
    for (guint i = 0; i < outcome->n; i++)
      json_builder_add_int_value (builder, outcome->best[i]);
    json_builder_end_array (builder);
  }
  json_builder_end_object (builder);
  return write_line (self, builder, error)
      && (g_get_monotonic_time () - self->synced < SYNC_US
      || journal_sync (self, error));
}

/* ---- reading ------------------------------------------------------------ */

static gboolean
check_header (Journal * self, JsonObject * header, GArray * settings,
    GError ** error)
{
  const char *format = NULL;

  if (!rexnet_json_get_string (header, "journal", &format, self->path, NULL)
      || g_strcmp0 (format, FORMAT) != 0) {
    FAIL (self, error, "is no journal of this version of rexnet eval");
    return FALSE;
  }
  for (guint i = 0; i < settings->len; i++) {
    const JournalSetting *s = &g_array_index (settings, JournalSetting, i);
    const char *value = NULL;

    if (!rexnet_json_get_string (header, s->name, &value, self->path, error))
      return FALSE;
    if (g_strcmp0 (value, s->value) != 0) {
      FAIL (self, error, "was begun with another %s (%s) than this run's (%s): "
          "name another file to begin anew", s->name, value ? value : "none",
          s->value);
      return FALSE;
    }
  }
  return TRUE;
}

/* Whether the line speaks of the picture that has its number here. */
static gboolean
check_picture (Journal * self, JsonObject * line, guint index,
    const char *where, GError ** error)
{
  g_autofree char *name = display_name (self->dataset, index);
  const guint class_index = dataset_get_class (self->dataset, index);
  const char *image = NULL;
  guint found = 0;

  if (!rexnet_json_get_string (line, "image", &image, where, error)
      || !rexnet_json_get_guint (line, "class", 0, self->classes - 1, &found,
          where, error))
    return FALSE;
  if (g_strcmp0 (image, name) == 0 && found == class_index)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "%s: picture %u was %s of class %u and is %s of class %u: the data set "
      "has changed; name another file to begin anew", where, index,
      image ? image : "none", found, name, class_index);
  return FALSE;
}

/* Up to OUTCOME_TOP classes. */
static gboolean
read_best (Journal * self, JsonObject * line, Outcome * outcome)
{
  JsonNode *node = json_object_get_member (line, "best");
  JsonArray *best = node && JSON_NODE_HOLDS_ARRAY (node)
      ? json_node_get_array (node) : NULL;

  if (!best || json_array_get_length (best) > OUTCOME_TOP)
    return FALSE;
  outcome->n = json_array_get_length (best);
  for (guint i = 0; i < outcome->n; i++) {
    const gint64 class_index = rexnet_json_array_get_size (best, i);

    if (class_index < 0 || class_index >= self->classes)
      return FALSE;
    outcome->best[i] = class_index;
  }
  return TRUE;
}

static gboolean
read_outcome (Journal * self, JsonObject * line, Outcome * outcomes,
    const char *where, GError ** error)
{
  Outcome outcome = { OUTCOME_CLASSIFIED };
  guint index = G_MAXUINT;

  if (!rexnet_json_get_guint (line, "index", 0,
          dataset_get_size (self->dataset) - 1, &index, where, error))
    return FALSE;
  if (index == G_MAXUINT) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: has no \"index\"", where);
    return FALSE;
  }
  if (!check_picture (self, line, index, where, error))
    return FALSE;
  if (json_object_has_member (line, "error"))
    return TRUE;
  if (!read_best (self, line, &outcome)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s: \"best\" must be an array of up to %d classes", where,
        OUTCOME_TOP);
    return FALSE;
  }
  outcomes[index] = outcome;
  return TRUE;
}

/* @line: of the file, from 1, without its end */
static gboolean
read_line (Journal * self, const char *text, gsize length, guint line,
    GArray * settings, Outcome * outcomes, GError ** error)
{
  g_autofree char *where = g_strdup_printf ("%s: line %u", self->path, line);
  g_autoptr (GError) cause = NULL;
  g_autoptr (JsonNode) root = rexnet_json_parse_typed (text, length,
      JSON_NODE_OBJECT, where, &cause);

  if (!root && line == 1)
    FAIL (self, error, "is no journal of rexnet eval");
  else if (!root)
    g_propagate_error (error, g_steal_pointer (&cause));
  else
    return line == 1
        ? check_header (self, json_node_get_object (root), settings, error)
        : read_outcome (self, json_node_get_object (root), outcomes, where,
        error);
  return FALSE;
}

/* Reads the lines of @text. Returns how many bytes they take, or -1. */
static gssize
read_lines (Journal * self, const char *text, gsize length, GArray * settings,
    Outcome * outcomes, GError ** error)
{
  gsize at = 0;
  const char *end;

  for (guint line = 1; at < length
      && (end = memchr (text + at, '\n', length - at)); line++) {
    const gsize n = end - (text + at);

    if (!read_line (self, text + at, n, line, settings, outcomes, error))
      return -1;
    at += n + 1;
  }
  if (at == 0 && length > 0) {
    FAIL (self, error, "is no journal of rexnet eval");
    return -1;
  }
  return at;
}

static gboolean
read_file (Journal * self, GArray * settings, Outcome * outcomes,
    GError ** error)
{
  g_autoptr (GMappedFile) mapped =
      g_mapped_file_new_from_fd (self->fd, FALSE, error);
  gsize length;
  gssize whole;

  if (!mapped) {
    g_prefix_error (error, "%s: ", self->path);
    return FALSE;
  }
  length = g_mapped_file_get_length (mapped);
  if (length == 0)
    return write_header (self, settings, error);
  whole = read_lines (self, g_mapped_file_get_contents (mapped), length,
      settings, outcomes, error);
  if (whole < 0)
    return FALSE;
  if ((gsize) whole == length)
    return TRUE;
  tool_error (self->path, "left out the last line, which ends early");
  return ftruncate (self->fd, whole) == 0 || fail_errno (self, error);
}

static gboolean
lock_file (Journal * self, GError ** error)
{
  struct stat st;

  if (fstat (self->fd, &st) != 0)
    return fail_errno (self, error);
  if (!S_ISREG (st.st_mode)) {
    FAIL (self, error, "is no regular file");
    return FALSE;
  }
  if (flock (self->fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (errno != EWOULDBLOCK)
    return fail_errno (self, error);
  FAIL (self, error, "another rexnet eval is writing to it");
  return FALSE;
}

Journal *
journal_open (const char *path, GArray * settings, guint classes,
    Dataset * dataset, Outcome * outcomes, GError ** error)
{
  g_autoptr (Journal) self = g_new0 (Journal, 1);

  self->path = g_strdup (path);
  self->dataset = dataset;
  self->classes = classes;
  self->fd = g_open (path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC,
      0666);
  if (self->fd < 0) {
    fail_errno (self, error);
    return NULL;
  }
  return lock_file (self, error)
      && read_file (self, settings, outcomes, error)
      ? g_steal_pointer (&self) : NULL;
}

void
journal_free (Journal * self)
{
  if (!self)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self);
}
