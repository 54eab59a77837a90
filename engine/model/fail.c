/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fail.h"

gboolean
rexnet_fail (GError ** error, RexnetError code, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, REXNET_ERROR, code, message);
  return FALSE;
}
