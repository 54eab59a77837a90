/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first convolution: 3 x 3, stride 2, from three float planes that stand
 * in a frame of zeros, one pixel wide, so that no tap falls outside.
 *
 *   ST_R, ST_T   tile of an item: output pixels of a row, blocks
 *   ST_X, ST_Y   items of a group: runs, rows
 */
#ifndef ST_R
#define ST_R 2
#endif
#ifndef ST_T
#define ST_T 1
#endif
#ifndef ST_X
#define ST_X 16
#endif
#ifndef ST_Y
#define ST_Y 4
#endif

/*
 * @x: [image][3][rows][pitch]; @first: the first tap of the first output in it;
 * @w: [tile][27][ST_T][CB]
 * Global size: (runs, output rows, images x tiles)
 */
kernel __attribute__ ((reqd_work_group_size (ST_X, ST_Y, 1))) void
stem (global const float *restrict x, global const float *restrict w,
    global const float *restrict bias, global float *restrict y, int pitch,
    int rows, int first, int blocks, int out_width, int out_height,
    int activation)
{
  const int ox = get_global_id (0) * ST_R, oy = get_global_id (1);
  const int tiles = (blocks + ST_T - 1) / ST_T;
  const int block = get_global_id (2) % tiles * ST_T;
  const size_t image = get_global_id (2) / tiles;
  vec acc[ST_R * ST_T];

  if (ox >= out_width || oy >= out_height)
    return;
  x += first + image * 3 * rows * pitch + 2 * oy * pitch + 2 * ox;
  w += block * 27 * CB;
  y += ((image * blocks + block) * out_height + oy) * out_width * CB;
  _Pragma ("unroll")
  for (int t = 0; t < ST_T; t++)
    _Pragma ("unroll")
    for (int r = 0; r < ST_R; r++)
      acc[r * ST_T + t] = vec_load (block + t, bias);
  for (int c = 0; c < 3; c++)
    for (int ky = 0; ky < 3; ky++) {
      global const float *row = x + (c * rows + ky) * pitch;

      _Pragma ("unroll")
      for (int kx = 0; kx < 3; kx++) {
        vec v[ST_T];

        _Pragma ("unroll")
        for (int t = 0; t < ST_T; t++)
          v[t] = vec_load (((c * 3 + ky) * 3 + kx) * ST_T + t, w);
        _Pragma ("unroll")
        for (int r = 0; r < ST_R; r++) {
          vec u = (vec) row[2 * r + kx];

          _Pragma ("unroll")
          for (int t = 0; t < ST_T; t++)
            acc[r * ST_T + t] = fma (v[t], u, acc[r * ST_T + t]);
        }
      }
    }
  _Pragma ("unroll")
  for (int t = 0; t < ST_T; t++)
    _Pragma ("unroll")
    for (int r = 0; r < ST_R; r++)
      if (block + t < blocks && ox + r < out_width)
        vec_store (activate (acc[r * ST_T + t], activation),
            t * out_height * out_width + ox + r, y);
}
