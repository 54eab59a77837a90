/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http_fail.h"

#define MAX_SAID 200            /* bytes */

static const char *
advice_for (CURLcode code)
{
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return " (is there a network? --endpoint or HF_ENDPOINT names a mirror)";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return " (the package ca-certificates brings the certificates to trust, "
          "--cacert or SSL_CERT_FILE names others)";
    case CURLE_OPERATION_TIMEDOUT:
      return " (--timeout waits longer)";
    default:
      return "";
  }
}

static gboolean
is_worth_a_retry (CURLcode code)
{
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
http_fail_connection (GError ** error, const char *host, CURLcode code,
    const char *message)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s%s", host,
      *message ? message : curl_easy_strerror (code), advice_for (code));
  return is_worth_a_retry (code);
}

/* The server's words in one line of printable ASCII. */
static char *
quote (const char *said)
{
  g_autofree char *text = g_strndup (said ? said : "", MAX_SAID);

  if (!*text)
    return g_strdup ("");
  for (char *c = text; *c; c++)
    if (!g_ascii_isprint (*c))
      *c = '?';
  return g_strdup_printf (" (\"%s\")", text);
}

gboolean
http_fail_status (GError ** error, const char *host, guint status,
    const char *said)
{
  g_autofree char *quoted = quote (said);

  switch (status) {
    case 404:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
          "%s has no such file%s", host, quoted);
      return FALSE;
    case 401:
    case 403:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
          "%s answers %u%s: there is no such repository, or it is not public; "
          "HF_TOKEN may hold a token that may read it", host, status, quoted);
      return FALSE;
    case 429:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
          "%s answers 429%s: too many requests; with HF_TOKEN the hub allows "
          "more", host, quoted);
      return TRUE;
    default:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s answers %u%s",
          host, status, quoted);
      return status == 408 || (status >= 500 && status != 501);
  }
}
