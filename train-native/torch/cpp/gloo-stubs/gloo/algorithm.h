// Named by ProcessGroupGloo.hpp; nothing of it is needed. See ../README.md.
#pragma once
