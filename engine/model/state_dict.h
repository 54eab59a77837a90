/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tensors of a file under their keys, whatever the file's format.
 * Readers fill one, families take what they know out of it.
 */
#pragma once

#include "tensor.h"

typedef struct
{
  char *source;                 /* what errors call the file */
  GHashTable *entries;          /* of key, Entry */
  GPtrArray *blobs;             /* of GBytes: what the tensors are views of */
  GMappedFile *mapped;          /* the file of the first blob, or NULL */
  char *settings, *labels;      /* JSON that the file carries, or NULL */
} RexnetStateDict;

RexnetStateDict *rexnet_state_dict_new (const char *source);
void rexnet_state_dict_free (RexnetStateDict * dict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RexnetStateDict, rexnet_state_dict_free)

/* @tensor: placed; @dict's blobs keep its bytes. @dtype: (nullable): the name
 * of a type that no weight can have; @tensor then has no data. */
gboolean rexnet_state_dict_add (RexnetStateDict * dict, const char *key,
    const RexnetTensor * tensor, const char *dtype, GError ** error);

gboolean rexnet_state_dict_has (RexnetStateDict * dict, const char *format,
    ...) G_GNUC_PRINTF (2, 3);

/* Looks a tensor up without taking it. Returns: (nullable). */
const RexnetTensor *rexnet_state_dict_peek (RexnetStateDict * dict,
    const char *key);

/* Takes a tensor: it must exist and hold finite numbers.
 * Returns: (nullable): NULL with the error */
const RexnetTensor *rexnet_state_dict_take (RexnetStateDict * dict,
    const char *key, GError ** error);

typedef struct
{
  char *key;
  RexnetTensor tensor;
} RexnetNamedTensor;

/* Returns: (transfer full) (element-type RexnetNamedTensor): what was taken,
 * in the order of the keys. */
GArray *rexnet_state_dict_list_taken (RexnetStateDict * dict);

/* FALSE with an error when a tensor of more than one element was not taken:
 * the network that was trained has parts that the one built here lacks. */
gboolean rexnet_state_dict_all_taken (RexnetStateDict * dict, GError ** error);
