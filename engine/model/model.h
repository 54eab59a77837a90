/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What backends and the engine may see of a model. */
#pragma once

#include "network.h"

/* Lives as long as the model. */
const RexnetNetwork *rexnet_model_get_network (RexnetModel * model);
