/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "hub.h"
#include "model/json.h"
#include "progress.h"
#include "space.h"
#include "tool.h"

#define MAX_LISTING (1 << 20)   /* bytes */
#define LISTING "the hub's list of files"       /* what errors call it */

void
hub_file_clear (HubFile * file)
{
  g_clear_pointer (&file->commit, g_free);
  g_clear_pointer (&file->sha256, g_free);
  g_clear_pointer (&file->git_sha1, g_free);
}

static char *
file_url (const char *endpoint, const char *repository, const char *commit,
    const char *name)
{
  g_autofree char *escaped = g_uri_escape_string (commit, NULL, FALSE);

  return g_strconcat (endpoint, "/", repository, "/resolve/", escaped, "/",
      name, NULL);
}

/* Returns: (nullable): @text without quotes in lower case, if it is a number
 * of @digits in hexadecimal. */
static char *
take_hash (const char *text, gsize digits)
{
  if (text && g_str_has_prefix (text, "W/"))
    text += 2;
  if (text && *text == '"')
    text++;
  if (!text || strspn (text, "0123456789abcdefABCDEF") != digits
      || (text[digits] && text[digits] != '"'))
    return NULL;
  return g_ascii_strdown (text, digits);
}

/* ---- what the hub publishes -------------------------------------------- */

/* A commit that was asked for is the one to get. */
static gboolean
take_commit (HubFile * file, const char *header, GError ** error)
{
  g_autofree char *asked = take_hash (file->commit, 40);
  g_autofree char *commit = take_hash (header, 40);

  if (!commit)
    return TRUE;
  if (asked && strcmp (asked, commit) != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "the hub answers with commit %s when asked for %s", commit, asked);
    return FALSE;
  }
  g_free (file->commit);
  file->commit = g_steal_pointer (&commit);
  return TRUE;
}

static void
take_headers (HubFile * file, const HttpResponse * r)
{
  const char *etag = r->linked_etag ? r->linked_etag : r->etag;
  guint64 size;

  file->sha256 = take_hash (etag, 64);
  file->git_sha1 = take_hash (etag, 40);
  if (r->linked_size
      && g_ascii_string_to_unsigned (r->linked_size, 10, 0, G_MAXINT64, &size,
          NULL))
    file->size = size;
  else if (r->status < 300)
    file->size = r->length > 0 ? r->length : -1;
}

static const char *
get_string (JsonObject * object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node && json_node_get_value_type (node) == G_TYPE_STRING ?
      json_node_get_string (node) : NULL;
}

static JsonObject *
get_object (JsonNode * node)
{
  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
      : NULL;
}

static gint64
get_size (JsonObject * object)
{
  JsonNode *node = json_object_get_member (object, "size");

  return node && json_node_get_value_type (node) == G_TYPE_INT64 ?
      MAX (json_node_get_int (node), -1) : -1;
}

/* Returns: (nullable): the first row of @name */
static JsonObject *
find_row (JsonArray * rows, const char *name)
{
  for (guint i = 0; i < json_array_get_length (rows); i++) {
    JsonObject *row = get_object (json_array_get_element (rows, i));

    if (row && g_strcmp0 (get_string (row, "path"), name) == 0)
      return row;
  }
  return NULL;
}

static void
take_listing (HubFile * file, JsonArray * rows, const char *name)
{
  JsonObject *row = find_row (rows, name), *lfs;

  if (!row)
    return;
  lfs = get_object (json_object_get_member (row, "lfs"));
  if (lfs)
    file->sha256 = take_hash (get_string (lfs, "oid"), 64);
  else
    file->git_sha1 = take_hash (get_string (row, "oid"), 40);
  file->size = get_size (row);
}

static gboolean
keep_text (const char *bytes, gsize n, guint64 position, gpointer data,
    GError ** error)
{
  GString *text = data;

  if (position + n > MAX_LISTING) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
        LISTING " is larger than %d bytes", MAX_LISTING);
    return FALSE;
  }
  g_string_truncate (text, position);
  g_string_append_len (text, bytes, n);
  return TRUE;
}

static gboolean
look_into_listing (Http * http, const char *endpoint, const char *repository,
    const char *name, HubFile * file, GError ** error)
{
  g_autofree char *escaped = g_uri_escape_string (file->commit, NULL, FALSE);
  g_autofree char *url = g_strconcat (endpoint, "/api/models/", repository,
      "/tree/", escaped, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (JsonNode) root = NULL;
  g_auto (HttpResponse) response = { 0 };
  HttpRequest request = {
    .url = url, .size = -1, .body = keep_text, .data = text,
  };

  if (!http_send (http, &request, &response, error)
      || !(root = rexnet_json_parse_typed (text->str, text->len,
              JSON_NODE_ARRAY, LISTING, error)))
    return FALSE;
  take_listing (file, json_node_get_array (root), name);
  return TRUE;
}

gboolean
hub_look_up (Http * http, const char *endpoint, const char *repository,
    const char *commit, const char *name, HubFile * file, GError ** error)
{
  g_autofree char *url = file_url (endpoint, repository, commit, name);
  g_auto (HttpResponse) response = { 0 };
  HttpRequest request = { .url = url, .head = TRUE };

  *file = (HubFile) { .commit = g_strdup (commit), .size = -1 };
  if (!http_send (http, &request, &response, error)
      || !take_commit (file, response.commit, error))
    return FALSE;
  take_headers (file, &response);
  if (file->sha256 || file->git_sha1)
    return TRUE;
  if (!look_into_listing (http, endpoint, repository, name, file, error))
    return FALSE;
  if (file->sha256 || file->git_sha1)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "%s publishes no hash of %s, so what it sends cannot be checked",
      endpoint, name);
  return FALSE;
}

/* ---- fetching ---------------------------------------------------------- */

typedef struct
{
  int fd;
  const char *path, *name;
  gint64 size, limit;           /* size -1: not known */
  char *etag_path;
  char *etag;                   /* that what is there had; NULL: not known */
  HttpRequest *request;
  gboolean shown;
  Progress progress;
} Download;

/* A weak one (W/"...") is no good for going on. */
static void
keep_etag (Download * d, const char *etag)
{
  g_free (d->etag);
  d->etag = etag && *etag == '"' ? g_strdup (etag) : NULL;
  d->request->validator = d->etag;
  if (d->etag)
    g_file_set_contents (d->etag_path, d->etag, -1, NULL);
  else
    g_unlink (d->etag_path);
}

/* Also whether there is room for what is to come. */
static gboolean
start (const HttpResponse * response, guint64 position, gpointer data,
    GError ** error)
{
  Download *d = data;

  if (ftruncate (d->fd, position) != 0)
    return space_fail_write (error, d->path, errno, position, d->size);
  if (position == 0)
    keep_etag (d, response->etag);
  if (d->size < 0 && response->length >= 0)
    d->size = position + response->length;
  if (d->size > d->limit) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
        "has %" G_GINT64_FORMAT " bytes, but at most %" G_GINT64_FORMAT
        " are fetched", d->size, d->limit);
    return FALSE;
  }
  if (d->shown)
    progress_start_bytes (&d->progress, d->size, position);
  return d->size < 0 || space_check (d->path, position, d->size, error);
}

static gboolean
write_all (int fd, const char *bytes, gsize n, guint64 position)
{
  while (n > 0) {
    gssize written = pwrite (fd, bytes, n, position);

    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return FALSE;
    bytes += written;
    n -= written;
    position += written;
  }
  return TRUE;
}

static gboolean
body (const char *bytes, gsize n, guint64 position, gpointer data,
    GError ** error)
{
  Download *d = data;
  gint64 most = d->size >= 0 ? d->size : d->limit;

  if (position + n > (guint64) most) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
        "more came than the %" G_GINT64_FORMAT " bytes that %s", most,
        d->size >= 0 ? "were announced" : "are fetched at most");
    return FALSE;
  }
  if (!write_all (d->fd, bytes, n, position))
    return space_fail_write (error, d->path, errno, position, d->size);
  if (d->shown)
    progress_update (&d->progress, position + n);
  return TRUE;
}

static void
again (const char *why, double seconds, gpointer data)
{
  Download *d = data;

  if (d->shown)
    progress_clear (&d->progress);
  tool_error (NULL, "%s: %s; trying again in %g s", d->name, why, seconds);
}

/* The file's SHA-256, or the SHA-1 that git calls it by; NULL with errno. */
static char *
hash_file (int fd, gboolean as_git, gint64 size)
{
  g_autoptr (GChecksum) sum = g_checksum_new (as_git ? G_CHECKSUM_SHA1
      : G_CHECKSUM_SHA256);
  g_autofree guchar *block = g_malloc (1 << 20);
  gint64 at = 0;
  gssize n;

  if (as_git) {
    g_autofree char *head = g_strdup_printf ("blob %" G_GINT64_FORMAT, size);
    g_checksum_update (sum, (guchar *) head, strlen (head) + 1);
  }
  while ((n = pread (fd, block, 1 << 20, at)) > 0) {
    g_checksum_update (sum, block, n);
    at += n;
  }
  if (n < 0)
    return NULL;
  return g_strdup (g_checksum_get_string (sum));
}

static gboolean
check_hash (const Download * d, const HubFile * file, GError ** error)
{
  const char *wanted = file->sha256 ? file->sha256 : file->git_sha1;
  g_autofree char *found = hash_file (d->fd, !file->sha256,
      lseek (d->fd, 0, SEEK_END));

  if (!found)
    return space_fail_write (error, d->path, errno, 0, -1);
  if (strcmp (found, wanted) == 0)
    return TRUE;
  g_unlink (d->path);
  g_unlink (d->etag_path);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
      "%s is %s, but the hub publishes %s: it was damaged or replaced on the "
      "way, and has been deleted", file->sha256 ? "SHA-256" : "git's SHA-1",
      found, wanted);
  return FALSE;
}

static gboolean
transfer (Http * http, const char *url, Download * d, GError ** error)
{
  g_auto (HttpResponse) response = { 0 };
  gint64 present = lseek (d->fd, 0, SEEK_END);
  HttpRequest request = {
    .url = url, .resume = TRUE, .size = d->size, .start = start, .body = body,
    .again = again, .data = d,
  };
  gboolean ok;

  if (d->size >= 0 && present > d->size)
    present = 0;
  if (present == d->size)
    return TRUE;
  if (g_file_get_contents (d->etag_path, &d->etag, NULL, NULL))
    g_strdelimit (d->etag, "\r\n", '\0');
  request.position = present;
  request.validator = d->etag;
  d->request = &request;
  ok = http_send (http, &request, &response, error);
  g_clear_pointer (&d->etag, g_free);
  if (d->shown)
    progress_clear (&d->progress);
  return ok;
}

gboolean
hub_fetch (Http * http, const char *endpoint, const char *repository,
    const char *name, const HubFile * file, const char *path, gint64 limit,
    gboolean shown, GError ** error)
{
  g_autofree char *url = file_url (endpoint, repository, file->commit, name);
  g_autofree char *etag_path = g_strconcat (path, ".etag", NULL);
  Download d = {
    .path = path, .name = name, .size = file->size, .limit = limit,
    .etag_path = etag_path, .shown = shown,
  };
  gboolean ok;

  d.fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (d.fd < 0)
    return space_fail_write (error, path, errno, 0, d.size);
  ok = transfer (http, url, &d, error) && check_hash (&d, file, error);
  if (ok && fsync (d.fd) != 0)
    ok = space_fail_write (error, path, errno, d.size, d.size);
  close (d.fd);
  if (ok)
    g_unlink (etag_path);
  return ok;
}
