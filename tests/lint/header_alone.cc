/* header_alone.cc - a public header compiles alone, in C11 and in C++17.
 * SPDX-License-Identifier: MIT
 */
#include CADRE_HEADER

int main(void)
{
    return 0;
}
