/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jpeg.h"

enum
{
  STUFFING = 0x00,
  TEM = 0x01,
  RST0 = 0xd0,
  SOI = 0xd8,
  EOI = 0xd9,
};

/* Markers that stand alone, where others lead a segment with its length. RST0
 * to RST7 and SOI are neighbours. */
static gboolean
stands_alone (guint8 marker)
{
  return marker == STUFFING || marker == TEM
      || (marker >= RST0 && marker <= SOI);
}

gboolean
jpeg_is_complete (const guint8 * data, gsize size)
{
  gsize i = 0;

  while (i + 1 < size) {
    guint8 marker = data[i + 1];

    /* Bytes of a scan, or the fill bytes before a marker. */
    if (data[i] != 0xff || marker == 0xff) {
      i++;
      continue;
    }
    if (marker == EOI)
      return TRUE;
    i += 2;
    if (stands_alone (marker))
      continue;
    if (i + 1 >= size)
      return FALSE;
    i += data[i] << 8 | data[i + 1];
  }
  return FALSE;
}
