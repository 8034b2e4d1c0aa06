# Hardening: what compiler and linker know of it. A program that is no faster without it has no reason to go without.
include(CheckCCompilerFlag)
include(CheckPIESupported)
if(STATIC)
    add_compile_options(-fPIE) # CMake's own way also adds -pie, which undoes -static-pie
    add_link_options(-static-pie)
else()
    check_pie_supported(LANGUAGES C)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()

foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "has${flag}" has)
    set(CMAKE_REQUIRED_FLAGS -Werror)
    check_c_compiler_flag(${flag} ${has})
    unset(CMAKE_REQUIRED_FLAGS)
    if(${has})
        add_compile_options(${flag})
    endif()
endforeach()
add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)

# It wants an optimizing build, and the sanitizers have checks of their own.
if(NOT SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
