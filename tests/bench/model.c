/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

static void
fail (const char *what, const char *why)
{
  fprintf (stderr, "%s: %s\n", what, why);
  exit (1);
}

RexnetModel *
make_model (double width, char **path)
{
  g_autofree char *name = g_strdup_printf ("rexnet-bench-%08x.safetensors",
      g_random_int ());
  g_autofree char *named = g_build_filename (g_get_tmp_dir (), name, NULL);
  g_autoptr (GError) error = NULL;
  RexnetModel *model =
      rexnet_model_generate (REXNET_VARIANT_REXNET, width, 1000, &error);
  int fd;

  if (!model || !rexnet_model_save (model, named, FALSE, &error))
    fail ("model", error->message);
  fd = g_open (named, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0)
    fail (named, g_strerror (errno));
  g_unlink (named);
  *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  return model;
}
