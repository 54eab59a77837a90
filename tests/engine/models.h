/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Model files that tests read, and folders that they put them into. */
#pragma once

#include <json-glib/json-glib.h>
#include <rexnet/rexnet.h>

#define MODELS "data/models"    /* below the folder of tests */

/* Returns: (transfer full): what the JSON file @path holds */
JsonNode *read_json (const char *path);

/* Returns: (transfer full): the model in file @name, which must load */
RexnetModel *load_model (const char *folder, const char *name);
/* The same, of a file in MODELS. */
RexnetModel *load_fixture (const char *name);

/* A folder that goes with all that is in it when its test ends. */
typedef struct
{
  char *path;
} Folder;

/* Adds a test that is given a new folder. */
void add_with_folder (const char *name, void (*test) (Folder * folder,
        gconstpointer data));

/* @name: may have folders in front, which are made. @length: -1 to the NUL
 * Returns: (transfer full): the file's path */
char *write_file (Folder * folder, const char *name, const char *text,
    gssize length);
/* Copies file @fixture of MODELS. Returns: (transfer full): the new path */
char *copy_fixture (Folder * folder, const char *fixture, const char *name);
