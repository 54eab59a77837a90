/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model from the hub in the folder where models are looked for. */
#pragma once

#include "catalog.h"
#include "http.h"

typedef struct
{
  Http *http;
  const char *endpoint;
  const char *folder;           /* of models; made when missing */
  gboolean force;               /* even if it is installed */
} InstallOptions;

/*
 * Fetches weights and config.json of @target, checks hash, network and labels,
 * and puts them into FOLDER/NAME at once. What arrived of the weights before a
 * failure stays in FOLDER/.NAME.part; FOLDER/.NAME.lock keeps others out.
 * @error: not NULL
 *
 * Returns: (transfer full): the path of the weights, or NULL with the error
 */
char *install_model (const InstallOptions * options,
    const CatalogTarget * target, GError ** error);
