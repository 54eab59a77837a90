/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public header compiles alone, and the shared library exports what it
 * declares. */
#include <rexnet/rexnet.h>

int
main (void)
{
  g_assert_nonnull (rexnet_version ());
  g_assert_cmpstr (g_quark_to_string (REXNET_ERROR), ==, "rexnet-error-quark");
  return 0;
}
