/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTTP with what a download over a bad line needs: it tries again where that
 * can help, goes on where it stopped, follows redirects by rules, and gives up
 * on a server that says nothing. Built on libcurl.
 *
 * Rules: https, or http to this machine, or http anywhere if that was allowed;
 * never from https to http; five redirects at most. The token goes to the
 * hub's scheme, host and port alone, and not in clear over a network.
 *
 * Errors are of G_IO_ERROR and say which host: NOT_FOUND for 404,
 * PERMISSION_DENIED for 401 and 403, CANCELLED after tool_interrupted().
 */
#pragma once

#include <gio/gio.h>

typedef struct _Http Http;

typedef struct
{
  const char *hub;              /* URL; what gets the token */
  const char *token;            /* (nullable) */
  const char *cacert;           /* (nullable): file of certificates to trust */
  guint timeout;                /* seconds without progress */
  guint retries;                /* after the first attempt; counted anew when
                                 * it came a megabyte farther than before */
  gboolean allow_http;
} HttpOptions;

/* What the last answer said; strings are NULL where it did not. */
typedef struct
{
  guint status;
  char *etag, *linked_etag, *linked_size, *commit;
  gint64 length;                /* of the body to come; -1: not told */
} HttpResponse;

typedef struct
{
  const char *url;
  gboolean head;                /* headers alone; an answer that redirects to
                                 * another host is the result */
  gboolean resume;              /* go on at position; else from 0 each time */
  guint64 position;             /* bytes at hand; what arrived is added */
  gint64 size;                  /* of the whole, bytes; -1: not known */
  const char *validator;        /* (nullable): ETag that those bytes had */

  /* (nullable): before the first byte of each answer that is a success, where
   * @position is 0 if the server starts over. */
  gboolean (*start) (const HttpResponse * response, guint64 position,
      gpointer data, GError ** error);
  /* NULL with head alone. */
  gboolean (*body) (const char *bytes, gsize n, guint64 position,
      gpointer data, GError ** error);
  /* (nullable): it will be tried again after @seconds */
  void (*again) (const char *why, double seconds, gpointer data);
  gpointer data;
} HttpRequest;

Http *http_new (const HttpOptions * options, GError ** error);
void http_free (Http * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Http, http_free)

void http_response_clear (HttpResponse * response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HttpResponse, http_response_clear)

/* @response: (out): of a success. Blocks. */
gboolean http_send (Http * self, HttpRequest * request,
    HttpResponse * response, GError ** error);
