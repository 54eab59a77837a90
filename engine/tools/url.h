/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* URLs as libcurl reads them, and which of them may be asked. */
#pragma once

#include <glib.h>

typedef struct _Url Url;

/* Errors are of G_IO_ERROR and name @text without its query. */
Url *url_parse (const char *text, GError ** error);
void url_free (Url * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Url, url_free)

/* Owned by @self. The host is what messages show: no path, no query. */
const char *url_text (const Url * self);
const char *url_host (const Url * self);

gboolean url_is_https (const Url * self);
/* This machine itself, by name or address. */
gboolean url_is_loopback (const Url * self);
/* Scheme, host and port. */
gboolean url_same_origin (const Url * a, const Url * b);

/* Whether @self may be asked, or may follow on @from (nullable). */
gboolean url_check (const Url * self, const Url * from, gboolean allow_http,
    GError ** error);
