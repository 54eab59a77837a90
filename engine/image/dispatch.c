/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resample.h"

typedef struct
{
  const RexnetResample *table;
  gboolean (*extra) (void);     /* what the level alone doesn't promise */
} Candidate;

#ifdef __x86_64__
static gboolean
has_vnni (void)
{
  return __builtin_cpu_supports ("avx512vnni")
      && __builtin_cpu_supports ("avx512vbmi");
}
#endif

/* The best first. */
static const Candidate candidates[] = {
#ifdef __x86_64__
  {&rexnet_resample_avx512vnni, has_vnni},
  {&rexnet_resample_avx512, NULL},
  {&rexnet_resample_avx2, NULL},
#endif
  {&rexnet_resample_c, NULL},
};

const RexnetResample *
rexnet_resample_get (guint i)
{
  RexnetIsa best = rexnet_isa_best ();

  for (guint k = 0; k < G_N_ELEMENTS (candidates); k++) {
    const Candidate *c = &candidates[k];

    if (c->table->isa <= best && (!c->extra || c->extra ()) && i-- == 0)
      return c->table;
  }
  return NULL;
}
