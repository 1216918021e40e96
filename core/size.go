package core

import "github.com/gannet-ws/gannet/codec/setting"

// Size is a number of bytes, written as 512, 64KiB, 1MiB or 2GiB.
type Size = setting.Size
