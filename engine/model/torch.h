/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that torch.save() wrote: a pickle that names storages, and their
 * bytes, in a zip archive (PyTorch 1.6 and later) or one after another.
 */
#pragma once

#include "pickle.h"
#include "state_dict.h"

/* The persistent id of a storage, as the pickle gives it. */
typedef struct
{
  char *key;
  const char *dtype;            /* "float32", for errors */
  gboolean usable;              /* weights may be of it */
  RexnetDtype element;          /* when usable */
  guint item;                   /* bytes of an element */
  guint64 count;                /* elements */
  guint64 view_offset;          /* elements into the storage named by key */
} RexnetTorchStorage;

gboolean rexnet_torch_storage_parse (RexnetTorchStorage * storage,
    const RexnetPickleValue * id, const char *source, GError ** error);
void rexnet_torch_storage_clear (RexnetTorchStorage * storage);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RexnetTorchStorage,
    rexnet_torch_storage_clear)

/* The bytes of @storage, all count * item of them, which @dict's blobs keep. */
typedef const guint8 *(*RexnetTorchFind) (const RexnetTorchStorage * storage,
    gpointer data, GError ** error);

/*
 * Adds the tensors of the state_dict that @root is or holds to @dict. A key's
 * "module." of DataParallel and "_orig_mod." of torch.compile fall off.
 */
gboolean rexnet_torch_add_tensors (RexnetStateDict * dict,
    const RexnetPickleValue * root, RexnetTorchFind find, gpointer data,
    GError ** error);

gboolean rexnet_torch_zip_matches (GBytes * bytes);
gboolean rexnet_torch_zip_read (RexnetStateDict * dict, GBytes * bytes,
    GError ** error);

gboolean rexnet_torch_legacy_matches (GBytes * bytes);
gboolean rexnet_torch_legacy_read (RexnetStateDict * dict, GBytes * bytes,
    GError ** error);
