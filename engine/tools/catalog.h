/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Published weights that this library runs, as the repositories timm/NAME of
 * the Hugging Face Hub hold them.
 * Source: the pretrained configurations of timm 1.0 (timm/models/rexnet.py,
 * efficientnet.py) and, for sizes, its models' state dicts.
 */
#pragma once

#include <gio/gio.h>
#include <rexnet/rexnet.h>

typedef struct
{
  const char *architecture, *tag;       /* the name is ARCHITECTURE.TAG */
  const char *license;          /* SPDX identifier, in lower case */
  RexnetVariant variant;
  double width;                 /* multiplier */
  guint classes;                /* 1000: ImageNet-1k's; 11821: -12k's */
  double megabytes;             /* about */
} CatalogEntry;

/* @n: (out). The first of an architecture is what timm takes for its name
 * without a tag. */
const CatalogEntry *catalog_list (guint * n);
gboolean catalog_is_default (const CatalogEntry * entry);

/* What a name stands for. */
typedef struct
{
  char *repository;             /* "timm/rexnet_100.nav_in1k" */
  char *revision;               /* branch, tag or commit; NULL: main */
  char *folder;                 /* name of the folder it is installed in */
  const CatalogEntry *entry;    /* NULL: not listed */
} CatalogTarget;

/*
 * @name: ARCHITECTURE, ARCHITECTURE.TAG or the hub's OWNER/REPOSITORY. - stands
 *   for _, and an architecture that timm has no weights for is looked for
 *   with tf_ in front. A tag that is not listed is taken as it is.
 */
gboolean catalog_resolve (const char *name, CatalogTarget * target,
    GError ** error);

/* @revision: becomes part of the folder's name, after @ and with : for /.
 * "main" changes nothing. An error when git has no such names. */
gboolean catalog_target_set_revision (CatalogTarget * target,
    const char *revision, GError ** error);
void catalog_target_clear (CatalogTarget * target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CatalogTarget, catalog_target_clear)

/* What the hub calls a model's weights, in the order in which they are looked
 * for; NULL-terminated. */
extern const char *const catalog_weight_files[];

/* Returns: (transfer full): the weights that are installed for @target in
 * @folder, the folder of models; NULL where there are none. */
char *catalog_find_installed (const char *folder,
    const CatalogTarget * target);
