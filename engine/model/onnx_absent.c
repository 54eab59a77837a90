/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Built where protobuf-c is not there. */
#include "fail.h"

gboolean
rexnet_model_save_onnx (RexnetModel * model, const char *path, gboolean half,
    GError ** error)
{
  return rexnet_fail (error, REXNET_ERROR_UNSUPPORTED,
      "this librexnet was built without ONNX: install protobuf-c with its "
      "compiler and build it with -Donnx=enabled");
}
