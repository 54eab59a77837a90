/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first convolution: 3 x 3, stride 2, from three float planes that stand
 * in a frame of zeros, one pixel wide, so that no tap falls outside.
 *
 *   ST_R         output pixels of an item, in a row
 *   ST_X, ST_Y   items of a group: runs, rows
 */
#ifndef ST_R
#define ST_R 2
#endif
#ifndef ST_X
#define ST_X 16
#endif
#ifndef ST_Y
#define ST_Y 4
#endif

/*
 * @x: [image][3][rows][pitch]; @weight: [block][27][CB]
 * Global size: (runs, output rows, images x blocks)
 */
kernel __attribute__ ((reqd_work_group_size (ST_X, ST_Y, 1))) void
stem (global const float *restrict x, global const float *restrict weight,
    global const float *restrict bias, global float *restrict y, int pitch,
    int rows, int blocks, int out_width, int out_height, int activation)
{
  const int ox = get_global_id (0) * ST_R, oy = get_global_id (1);
  const int block = get_global_id (2) % blocks;
  const size_t image = get_global_id (2) / blocks;
  vec acc[ST_R];

  if (ox >= out_width || oy >= out_height)
    return;
  x += image * 3 * rows * pitch + 2 * oy * pitch + 2 * ox;
  weight += block * 27 * CB;
  y += ((image * blocks + block) * out_height + oy) * out_width * CB;
  for (int r = 0; r < ST_R; r++)
    acc[r] = vec_load (block, bias);
  for (int c = 0; c < 3; c++)
    for (int ky = 0; ky < 3; ky++) {
      global const float *row = x + (c * rows + ky) * pitch;

      _Pragma ("unroll")
      for (int kx = 0; kx < 3; kx++) {
        vec w = vec_load ((c * 3 + ky) * 3 + kx, weight);

        _Pragma ("unroll")
        for (int r = 0; r < ST_R; r++)
          acc[r] = fma (w, (vec) row[2 * r + kx], acc[r]);
      }
    }
  for (int r = 0; r < ST_R; r++)
    if (ox + r < out_width)
      vec_store (activate (acc[r], activation), ox + r, y);
}
