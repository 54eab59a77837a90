/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of files, of folders and lists. */
#pragma once

#include <glib.h>

/*
 * Returns: (transfer full) (element-type filename): the names in folder @path
 *   that pass @test, sorted; hidden ones left out
 */
GPtrArray *filelist_read_folder (const char *path, GFileTest test,
    GError ** error);

/*
 * Appends @path to @files, or the files below it when it is a folder, sorted,
 * its subfolders included but for those that are symbolic links.
 */
gboolean filelist_add (GPtrArray * files, const char *path, GError ** error);

/* Appends what filelist_add() makes of each line of file @path, "-" being
 * standard input. Errors name the file. */
gboolean filelist_add_lines (GPtrArray * files, const char *path,
    GError ** error);
