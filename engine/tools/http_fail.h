/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong with a request, in words, and whether trying again can help,
 * which both functions return. */
#pragma once

#include <curl/curl.h>
#include <gio/gio.h>

/* @message: what libcurl says in detail, or "" */
gboolean http_fail_connection (GError ** error, const char *host,
    CURLcode code, const char *message);

/* @said: (nullable): the server's words */
gboolean http_fail_status (GError ** error, const char *host, guint status,
    const char *said);
