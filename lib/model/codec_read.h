/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoders (base/json.h) that more than one record of the model needs. In codec_step.c. */
#ifndef VIA_MODEL_CODEC_READ_H
#define VIA_MODEL_CODEC_READ_H

#include "base/json.h"

via_json_decode_fn via_codec_read_text;	 /* char[f->max], any text that fits */
via_json_decode_fn via_codec_read_u16;	 /* uint16_t, min..max */
via_json_decode_fn via_codec_read_attrs; /* struct via_vf_attrs */

#endif
