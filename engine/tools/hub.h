/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of a repository on the Hugging Face Hub, or on what speaks as it does.
 *
 * GET or HEAD of ENDPOINT/REPOSITORY/resolve/REVISION/FILE answers with the
 * file or redirects to where it lies. The hub's own answer has the commit in
 * X-Repo-Commit and, of a large file, SHA-256 and size in X-Linked-ETag and
 * X-Linked-Size; of a small one the ETag is git's name of the content, which
 * is a SHA-1 over it. ENDPOINT/api/models/REPOSITORY/tree/REVISION lists the
 * same as JSON, for mirrors that leave the headers out.
 */
#pragma once

#include "http.h"

typedef struct
{
  char *commit;                 /* the revision where the hub does not say */
  char *sha256, *git_sha1;      /* in lower-case hexadecimal; one of them */
  gint64 size;                  /* bytes; -1: not told */
} HubFile;

void hub_file_clear (HubFile * file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HubFile, hub_file_clear)

/* What the hub publishes about @name. NOT_FOUND: it is not there.
 * @commit: a branch, a tag or a commit */
gboolean hub_look_up (Http * http, const char *endpoint,
    const char *repository, const char *commit, const char *name,
    HubFile * file, GError ** error);

/*
 * Fetches @name into @path, where it goes on behind what is there, and checks
 * it. @path stays on a broken connection and a full disk; it is deleted when
 * the hash is wrong. What must be known of it to go on lies in PATH.etag.
 * @limit: bytes; more is refused
 * @shown: whether progress is
 */
gboolean hub_fetch (Http * http, const char *endpoint,
    const char *repository, const char *name, const HubFile * file,
    const char *path, gint64 limit, gboolean shown, GError ** error);
