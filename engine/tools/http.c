/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <curl/curl.h>
#include <rexnet/rexnet.h>
#include <string.h>

#include "http.h"
#include "http_fail.h"
#include "interrupt.h"
#include "url.h"

#define MAX_REDIRECTS 5
#define FIRST_WAIT 0.25         /* seconds; doubled each time */
#define MAX_WAIT 60.0           /* that grows to, or a server asks for */
#define MAX_IGNORED (1 << 16)   /* bytes */
#define WORTH_A_RETRY (1 << 20) /* bytes farther than ever before */

struct _Http
{
  CURL *curl;
  HttpOptions options;
  Url *hub;
  char message[CURL_ERROR_SIZE];
};

/* One request of one attempt, as its callbacks see it. */
typedef struct
{
  Http *http;
  HttpRequest *request;
  HttpResponse *response;
  gboolean started;
  gsize ignored;                /* bytes of an error's or a redirect's text */
  GError *error;                /* that a callback met */
} Exchange;

/* On one attempt. */
typedef enum
{
  DONE,
  REDIRECT,
  AGAIN,
  FAILED,
} Verdict;

void
http_response_clear (HttpResponse * response)
{
  g_free (response->etag);
  g_free (response->linked_etag);
  g_free (response->linked_size);
  g_free (response->commit);
  *response = (HttpResponse) { 0 };
}

static char *
dup_header (Http * self, const char *name)
{
  struct curl_header *header;

  if (curl_easy_header (self->curl, name, 0, CURLH_HEADER, -1, &header)
      != CURLHE_OK)
    return NULL;
  return g_strdup (header->value);
}

static void
replace_if_sent (Http * self, char **field, const char *name)
{
  char *value = dup_header (self, name);

  if (!value)
    return;
  g_free (*field);
  *field = value;
}

/* What a redirect said of the file that it leads to goes on to hold. */
static void
read_headers (Http * self, HttpResponse * response)
{
  long status = 0;
  curl_off_t length = -1;

  curl_easy_getinfo (self->curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo (self->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  response->status = status;
  response->length = length;
  g_free (response->etag);
  response->etag = dup_header (self, "ETag");
  replace_if_sent (self, &response->linked_etag, "X-Linked-ETag");
  replace_if_sent (self, &response->linked_size, "X-Linked-Size");
  replace_if_sent (self, &response->commit, "X-Repo-Commit");
}

/* Whether a 206 goes on at @position. */
static gboolean
continues (Http * self, guint64 position)
{
  g_autofree char *range = dup_header (self, "Content-Range");
  g_autofree char *wanted = g_strdup_printf ("bytes %" G_GUINT64_FORMAT "-",
      position);

  return range && g_ascii_strncasecmp (range, wanted, strlen (wanted)) == 0;
}

/* Called once for an answer of 2xx. */
static gboolean
start (Exchange * x)
{
  HttpRequest *request = x->request;

  x->started = TRUE;
  read_headers (x->http, x->response);
  if (x->response->status != 206)
    request->position = 0;
  else if (!continues (x->http, request->position))
    return FALSE;
  return !request->start
      || request->start (x->response, request->position, request->data,
      &x->error);
}

static gboolean
is_success (Http * self)
{
  long status = 0;

  curl_easy_getinfo (self->curl, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300;
}

static size_t
on_body (char *bytes, size_t size, size_t n, void *data)
{
  Exchange *x = data;
  HttpRequest *request = x->request;

  if (!is_success (x->http)) {
    x->ignored += size * n;
    return x->ignored <= MAX_IGNORED ? size * n : 0;
  }
  if ((!x->started && !start (x))
      || !request->body (bytes, size * n, request->position, request->data,
          &x->error))
    return 0;
  request->position += size * n;
  return size * n;
}

static int
on_progress (void *data, curl_off_t total, curl_off_t now, curl_off_t up_total,
    curl_off_t up_now)
{
  return tool_interrupted ();
}

static void
set_options (Http * self)
{
  const HttpOptions *o = &self->options;
  CURL *curl = self->curl;
  g_autofree char *agent = g_strconcat ("rexnet/", rexnet_version (), NULL);

  curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, self->message);
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (curl, CURLOPT_USERAGENT, agent);
  curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, (long) o->timeout);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, 1000L);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, (long) o->timeout);
  curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt (curl, CURLOPT_NOPROGRESS, 0L);
  if (o->cacert)
    curl_easy_setopt (curl, CURLOPT_CAINFO, o->cacert);
}

Http *
http_new (const HttpOptions * options, GError ** error)
{
  g_autoptr (Http) self = g_new0 (Http, 1);

  self->options = *options;
  if (!(self->hub = url_parse (options->hub, error))
      || !url_check (self->hub, NULL, options->allow_http, error))
    return NULL;
  if (curl_global_init (CURL_GLOBAL_DEFAULT) != CURLE_OK
      || !(self->curl = curl_easy_init ())) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "libcurl does not start");
    return NULL;
  }
  set_options (self);
  return g_steal_pointer (&self);
}

void
http_free (Http * self)
{
  if (!self)
    return;
  curl_easy_cleanup (self->curl);
  url_free (self->hub);
  g_free (self);
}

static struct curl_slist *
make_headers (Http * self, const HttpRequest * request, const Url * url)
{
  struct curl_slist *list = curl_slist_append (NULL,
      "Accept-Encoding: identity");

  if (self->options.token && url_same_origin (url, self->hub)
      && (url_is_https (url) || url_is_loopback (url))) {
    g_autofree char *header = g_strconcat ("Authorization: Bearer ",
        self->options.token, NULL);
    list = curl_slist_append (list, header);
  }
  if (request->position && request->validator) {
    g_autofree char *header = g_strconcat ("If-Range: ", request->validator,
        NULL);
    list = curl_slist_append (list, header);
  }
  return list;
}

/* Waits for the answer to one request; no redirect is followed. */
static CURLcode
perform (Exchange * x, const Url * url)
{
  Http *self = x->http;
  HttpRequest *request = x->request;
  struct curl_slist *headers = make_headers (self, request, url);
  g_autofree char *range = request->position ?
      g_strdup_printf ("%" G_GUINT64_FORMAT "-", request->position) : NULL;
  CURLcode code;

  self->message[0] = '\0';
  curl_easy_setopt (self->curl, CURLOPT_URL, url_text (url));
  /* A proxy would be told the token in clear; NULL: as the environment says. */
  curl_easy_setopt (self->curl, CURLOPT_NOPROXY, url_is_loopback (url) ? "*"
      : NULL);
  curl_easy_setopt (self->curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt (self->curl, CURLOPT_RANGE, range);
  curl_easy_setopt (self->curl, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt (self->curl, CURLOPT_NOBODY, (long) request->head);
  curl_easy_setopt (self->curl, CURLOPT_WRITEDATA, x);
  code = curl_easy_perform (self->curl);
  curl_easy_setopt (self->curl, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all (headers);
  return code;
}

static Verdict
no_answer (Exchange * x, const Url * url, CURLcode code, GError ** error)
{
  if (x->error) {
    g_propagate_error (error, g_steal_pointer (&x->error));
    return FAILED;
  }
  if (tool_interrupted ()) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
    return FAILED;
  }
  if (code == CURLE_WRITE_ERROR) {      /* a 206 of another part */
    x->request->position = 0;
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "%s sent another part of the file than was asked for", url_host (url));
    return AGAIN;
  }
  return http_fail_connection (error, url_host (url), code, x->http->message) ?
      AGAIN : FAILED;
}

/* A connection that is closed early looks like an end where no length was
 * told. */
static Verdict
finish (Exchange * x, const Url * url, GError ** error)
{
  const HttpRequest *request = x->request;

  if (request->head)
    return DONE;
  if (!x->started && !start (x))
    return no_answer (x, url, CURLE_WRITE_ERROR, error);
  if (request->size < 0 || request->position >= (guint64) request->size)
    return DONE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
      "%s: the connection broke after %" G_GUINT64_FORMAT " of %"
      G_GINT64_FORMAT " bytes", url_host (url), request->position,
      request->size);
  return AGAIN;
}

/* @next: (out): where a redirect leads. */
static Verdict
judge (Exchange * x, const Url * url, CURLcode code, Url ** next,
    GError ** error)
{
  Http *self = x->http;
  g_autofree char *said = NULL;
  char *location = NULL;
  guint status;

  if (code != CURLE_OK && (code != CURLE_WRITE_ERROR || is_success (self)))
    return no_answer (x, url, code, error);
  read_headers (self, x->response);
  status = x->response->status;
  if (is_success (self))
    return finish (x, url, error);
  if (status == 416) {
    x->request->position = 0;
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "%s does not have the part that was asked for", url_host (url));
    return AGAIN;
  }
  curl_easy_getinfo (self->curl, CURLINFO_REDIRECT_URL, &location);
  if (!location) {
    said = dup_header (self, "X-Error-Message");
    return http_fail_status (error, url_host (url), status, said) ? AGAIN
        : FAILED;
  }
  if (!(*next = url_parse (location, error)))
    return FAILED;
  if (x->request->head && !url_same_origin (url, *next)) {
    g_clear_pointer (next, url_free);
    return DONE;
  }
  return url_check (*next, url, self->options.allow_http, error) ? REDIRECT
      : FAILED;
}

/* Follows redirects. */
static Verdict
attempt (Http * self, HttpRequest * request, HttpResponse * response,
    GError ** error)
{
  g_autoptr (Url) url = url_parse (request->url, error);

  for (guint hops = 0; url; hops++) {
    Exchange x = { self, request, response };
    g_autoptr (Url) next = NULL;
    CURLcode code = perform (&x, url);
    Verdict verdict = judge (&x, url, code, &next, error);

    if (verdict != REDIRECT)
      return verdict;
    if (hops == MAX_REDIRECTS) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_LINKS,
          "more than %d redirects, the last to %s", MAX_REDIRECTS,
          url_host (next));
      return FAILED;
    }
    url_free (url);
    url = g_steal_pointer (&next);
  }
  return FAILED;
}

/* Seconds that an answer of @status asks to wait, or 0: Retry-After, else the
 * "t" of the hub's RateLimit, as in "resolvers";r=0;t=55, which it sends with
 * every answer. */
static double
wait_asked_for (Http * self, guint status)
{
  g_autofree char *limit = dup_header (self, "RateLimit");
  const char *t = limit ? strstr (limit, ";t=") : NULL;
  curl_off_t seconds = 0;

  if (status != 429 && status != 503)
    return 0;
  curl_easy_getinfo (self->curl, CURLINFO_RETRY_AFTER, &seconds);
  if (seconds <= 0 && t && status == 429)
    seconds = g_ascii_strtoll (t + 3, NULL, 10);
  return seconds;
}

static gboolean
wait_for (double seconds, GError ** error)
{
  const gint64 end = g_get_monotonic_time () + seconds * 1e6;
  gint64 left;

  while (!tool_interrupted () && (left = end - g_get_monotonic_time ()) > 0)
    g_usleep (MIN (left, 50000));
  if (!tool_interrupted ())
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "interrupted");
  return FALSE;
}

gboolean
http_send (Http * self, HttpRequest * request, HttpResponse * response,
    GError ** error)
{
  double backoff = FIRST_WAIT;
  guint64 farthest = request->position;
  guint failures = 0;

  *response = (HttpResponse) { 0 };
  for (;;) {
    g_autoptr (GError) failure = NULL;
    Verdict verdict = attempt (self, request, response, &failure);
    double asked = verdict == AGAIN ?
        wait_asked_for (self, response->status) : 0;
    double wait = MAX (asked, backoff);

    if (verdict == DONE)
      return TRUE;
    http_response_clear (response);
    if (request->position >= farthest + WORTH_A_RETRY) {
      farthest = request->position;
      failures = 0;
      wait = MAX (asked, backoff = FIRST_WAIT);
    }
    if (asked > MAX_WAIT)
      g_prefix_error (&failure, "wait %.0f seconds and try again: ", asked);
    if (verdict == FAILED || asked > MAX_WAIT
        || ++failures > self->options.retries) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
    if (request->again)
      request->again (failure->message, wait, request->data);
    if (!wait_for (wait, error))
      return FALSE;
    if (!request->resume)
      request->position = 0;
    backoff = MIN (2 * backoff, MAX_WAIT);
  }
}
