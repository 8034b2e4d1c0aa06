# Link-time optimization of the program: a request of 64 bytes takes a quarter fewer instructions. The object files hold
# machine code too, so that the test programs, of which there are many, are linked without it.
include(CheckCCompilerFlag)
set(CMAKE_REQUIRED_FLAGS -Werror)
set(CMAKE_REQUIRED_LINK_OPTIONS -flto=auto)
check_c_compiler_flag("-flto=auto -ffat-lto-objects" has_fat_lto)
unset(CMAKE_REQUIRED_FLAGS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(has_fat_lto)
    set(lto_compile_options -flto=auto -ffat-lto-objects)
    set(lto_link_options -flto=auto)
    set(without_lto_link_options -fno-lto)
endif()
