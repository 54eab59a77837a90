/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that are pure functions of a name: tests/golden/README.md. */
#pragma once

#include <glib.h>

/* The seed that belongs to a name: FNV-1a. */
static inline guint64
rexnet_uniform_seed (const char *name)
{
  guint64 hash = 0xcbf29ce484222325;

  for (; *name; name++)
    hash = (hash ^ (guint8) * name) * 0x100000001b3;
  return hash;
}

/* Element @index of the uniform numbers in [0, 1) of @seed: splitmix64. */
static inline double
rexnet_uniform (guint64 seed, guint64 index)
{
  guint64 z = seed + (index + 1) * 0x9e3779b97f4a7c15;

  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return (z >> 40) * 0x1p-24;
}
