/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the planes of a picture to the network's input, in two passes of
 * fixed-point dot products with the coefficients of the CPU's filters, so that
 * both give the same sums. A pass filters one axis of up to three channels;
 * the second also converts colours and normalises.
 *
 * @table: a pass_table for each channel and pass, [channel][2], then starts
 * and coefficients.
 */
#pragma OPENCL FP_CONTRACT OFF

#define SAMPLE_BITS 6

/* All int: engine and kernels share it. Bytes in the first pass's source,
 * samples elsewhere. */
typedef struct
{
  int source;                   /* of sample 0 */
  int along, across;            /* from a sample to the next, on each axis */
  int samples;                  /* on the filtered axis */
  int taps, start, coef;        /* start, coef: places in the table */
  int bits;
  int outputs, lines;           /* on the filtered axis and on the other */
  int target, pitch;            /* first pass: of its rows */
} pass_table;

#define PASS_INTS 12

always_inline pass_table
get_pass (global const int *table, int channel, int pass)
{
  global const int *p = table + (channel * 2 + pass) * PASS_INTS;
  pass_table t = { p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9],
    p[10], p[11] };

  return t;
}

always_inline int
round_exact (int sum, int bits)
{
  return clamp ((sum + (1 << (bits - 1))) >> bits, 0, 255);
}

/* Global size: (columns, rows, channels). @vertical: the axis filtered */
kernel void
picture_first (global const uchar * restrict source,
    global const int *restrict table, global short *restrict temp,
    int vertical, int exact)
{
  pass_table t = get_pass (table, get_global_id (2), 0);
  const int column = get_global_id (0), row = get_global_id (1);
  const int i = vertical ? row : column, line = vertical ? column : row;
  int sum = 0;

  if (i >= t.outputs || line >= t.lines)
    return;
  source += t.source + (size_t) line * t.across;
  for (int k = 0, at = table[t.start + i]; k < t.taps; k++)
    sum += table[t.coef + i * t.taps + k]
        * source[(size_t) min (at + k, t.samples - 1) * t.along];
  temp[t.target + row * t.pitch + column] = exact
      ? round_exact (sum, t.bits)
      : convert_short_sat ((sum + (1 << (t.bits - SAMPLE_BITS - 1)))
          >> (t.bits - SAMPLE_BITS));
}

always_inline int
second_sum (global const short *temp, global const int *table, int channel,
    int i, int line)
{
  pass_table t = get_pass (table, channel, 1);
  int sum = 0;

  temp += t.source + line * t.across;
  for (int k = 0, at = table[t.start + i]; k < t.taps; k++)
    sum += table[t.coef + i * t.taps + k]
        * temp[min (at + k, t.samples - 1) * t.along];
  return sum;
}

/*
 * @y: the image's planes in the network's input, @plane floats apart, from
 * pixel (0, 0)
 * @channels: 1 or 3; @neutral: both colour sums, where there is one channel
 * @yuv: scales and offsets of RexnetYuv: y, c; then v_r, u_g, v_g, u_b
 * Global size: (columns, rows)
 */
kernel void
picture_second (global const short *restrict temp,
    global const int *restrict table, global float *restrict y, int first,
    int plane, int pitch, int width, int height, int vertical, int exact,
    int channels, int neutral, float8 yuv, float4 scale, float4 offset)
{
  const int column = get_global_id (0), row = get_global_id (1);
  const int i = vertical ? row : column, line = vertical ? column : row;
  const int bits = get_pass (table, 0, 1).bits;
  int a, b = neutral, c = neutral;
  float4 value = 0.f;

  if (column >= width || row >= height)
    return;
  a = second_sum (temp, table, 0, i, line);
  if (channels == 3) {
    b = second_sum (temp, table, 1, i, line);
    c = second_sum (temp, table, 2, i, line);
  }
  if (exact) {
    value.s0 = round_exact (a, bits);
    value.s1 = channels == 3 ? round_exact (b, bits) : value.s0;
    value.s2 = channels == 3 ? round_exact (c, bits) : value.s0;
  } else {
    float luma = a * yuv.s0 + yuv.s1;
    float u = b * yuv.s2 + yuv.s3, v = c * yuv.s2 + yuv.s3;

    value.s0 = luma + yuv.s4 * v;
    value.s1 = luma + yuv.s5 * u + yuv.s6 * v;
    value.s2 = luma + yuv.s7 * u;
    value = clamp (value, 0.f, 1.f);
  }
  value = value * scale + offset;
  y += first + row * pitch + column;
  y[0] = value.s0;
  y[plane] = value.s1;
  y[2 * plane] = value.s2;
}
