/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "network.h"

/*
 * The share of a convolution's outputs that a ReLU behind its batch norm will
 * make zero, 0 to 1. Over pictures like those of training batch norm gives a
 * channel the mean and the deviation that are its bias and weight; taken to be
 * distributed normally, so much lies below zero. Without batch norm: a half.
 */
double rexnet_zeros_expected (const RexnetConv * conv);
