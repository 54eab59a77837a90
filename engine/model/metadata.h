/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What written files say of a model beside its tensors. */
#pragma once

#include <json-glib/json-glib.h>
#include <rexnet/rexnet.h>

typedef void (*RexnetMetadataFunc) (const char *key, const char *value,
    gpointer data);

/* Calls @func for each string: "rexnet.version", "rexnet.settings", and
 * "rexnet.labels" where there are labels. */
void rexnet_metadata_foreach (RexnetModel * model, RexnetMetadataFunc func,
    gpointer data);

/* Sets member @name of @builder's object to @value. */
void rexnet_metadata_set_string (JsonBuilder * builder, const char *name,
    const char *value);

/* Takes @builder. Returns: (transfer full): its text */
char *rexnet_metadata_finish (JsonBuilder * builder);
