/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <curl/curl.h>
#include <gio/gio.h>
#include <string.h>

#include "url.h"

struct _Url
{
  char *text, *scheme, *host, *port;
  char *shown;                  /* host, with a port that is not the usual */
  gboolean has_user;
};

static char *
get_part (CURLU * handle, CURLUPart part, guint flags)
{
  char *text = NULL, *copy;

  if (curl_url_get (handle, part, &text, flags) != CURLUE_OK)
    return NULL;
  copy = g_strdup (text);
  curl_free (text);
  return copy;
}

static Url *
url_new (CURLU * handle)
{
  Url *self = g_new0 (Url, 1);
  g_autofree char *user = get_part (handle, CURLUPART_USER, 0);
  g_autofree char *odd_port = get_part (handle, CURLUPART_PORT,
      CURLU_NO_DEFAULT_PORT);

  self->text = get_part (handle, CURLUPART_URL, 0);
  self->scheme = get_part (handle, CURLUPART_SCHEME, 0);
  self->host = get_part (handle, CURLUPART_HOST, 0);
  self->port = get_part (handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  self->has_user = user != NULL;
  self->shown = g_strconcat (self->host ? self->host : "",
      odd_port ? ":" : NULL, odd_port, NULL);
  return self;
}

Url *
url_parse (const char *text, GError ** error)
{
  g_autoptr (Url) self = NULL;
  CURLU *handle = curl_url ();
  CURLUcode code = curl_url_set (handle, CURLUPART_URL, text, 0);

  if (code == CURLUE_OK)
    self = url_new (handle);
  curl_url_cleanup (handle);
  if (self && self->text && self->scheme && self->host && *self->host)
    return g_steal_pointer (&self);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "'%.*s' is no URL such as https://huggingface.co",
      (int) MIN (strcspn (text, "?#"), 200), text);
  return NULL;
}

void
url_free (Url * self)
{
  if (!self)
    return;
  g_free (self->text);
  g_free (self->scheme);
  g_free (self->host);
  g_free (self->port);
  g_free (self->shown);
  g_free (self);
}

const char *
url_text (const Url * self)
{
  return self->text;
}

const char *
url_host (const Url * self)
{
  return self->shown;
}

gboolean
url_is_https (const Url * self)
{
  return strcmp (self->scheme, "https") == 0;
}

gboolean
url_is_loopback (const Url * self)
{
  gsize length = strlen (self->host);
  gboolean bracketed = self->host[0] == '[' && self->host[length - 1] == ']';
  g_autofree char *bare = bracketed ? g_strndup (self->host + 1, length - 2)
      : g_strdup (self->host);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (bare);

  if (address)
    return g_inet_address_get_is_loopback (address);
  return g_ascii_strcasecmp (bare, "localhost") == 0;
}

gboolean
url_same_origin (const Url * a, const Url * b)
{
  return strcmp (a->scheme, b->scheme) == 0
      && g_ascii_strcasecmp (a->host, b->host) == 0
      && g_strcmp0 (a->port, b->port) == 0;
}

gboolean
url_check (const Url * self, const Url * from, gboolean allow_http,
    GError ** error)
{
  const char *what = from ? "a redirect to " : "";

  if (self->has_user) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "%s%s: a name or password in the URL is refused; HF_TOKEN holds a "
        "token", what, self->shown);
    return FALSE;
  }
  if (url_is_https (self))
    return TRUE;
  if (strcmp (self->scheme, "http") != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "%s%s://%s: neither https nor http", what, self->scheme, self->shown);
    return FALSE;
  }
  if (from && url_is_https (from)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "%shttp://%s, away from https, is refused", what, self->shown);
    return FALSE;
  }
  if (allow_http || url_is_loopback (self))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "%shttp://%s is refused: anyone on the way could change what it sends; "
      "use https, or --allow-http", what, self->shown);
  return FALSE;
}
