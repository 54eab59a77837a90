/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many pictures through an engine. Each thread decodes pictures and runs the
 * network on them, for itself; what comes of them is delivered in their order.
 */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <rexnet/rexnet.h>

/* What a command does with its pictures, which have the numbers 0 to n - 1. */
typedef struct
{
  guint n;
  gboolean show_progress;
  gpointer data;                /* of the functions */

  /* Several threads call these two at once. @pixbuf: (out) (nullable): what
   * owns the pixels of @image. An error does not name the picture. */
  gboolean (*load) (guint i, RexnetImage * image, GdkPixbuf ** pixbuf,
      gpointer data, GError ** error);
  /* Returns: (transfer full): for deliver(); freed by g_free() */
  gpointer (*digest) (guint i, const float *scores, const float *features,
      gpointer data);

  /* One at a time. Returns: (transfer full): what messages call the picture */
  char *(*get_name) (guint i, gpointer data);
  /* Of each picture in turn. @digest: NULL where there is a @failure, which was
   * reported already. FALSE with an error ends it all. */
  gboolean (*deliver) (guint i, gconstpointer digest, const GError * failure,
      gpointer data, GError ** error);
} Pictures;

/*
 * Runs until all are delivered, or tool_interrupted(). Pictures that cannot be
 * read are reported on standard error, and progress is. The network is run on
 * --batch pictures at a time; where that is not given, the CPU takes one, and
 * another device what the engine was made for.
 *
 * Returns: FALSE with the first error of the engine or of deliver(), after
 *   which nothing was delivered
 */
gboolean pictures_run (const Pictures * pictures, RexnetEngine * engine,
    GError ** error);
