# What Debian's policy wants of a package: a copyright file, a changelog in its form, compressed pages.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/changelog @ONLY CONTENT
"rudeproxy (@PROJECT_VERSION@) unstable; urgency=medium

  * CHANGELOG.md has the changes.

 -- rudeproxy maintainers <maintainers@rudeproxy.invalid>  Sat, 28 Nov 2026 12:00:00 +0000
")
install(CODE "
    execute_process(COMMAND gzip -9nkf ${CMAKE_BINARY_DIR}/changelog COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL ${CMAKE_BINARY_DIR}/changelog.gz DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
    file(GLOB pages \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man*/rudeproxy*[15]\")
    if(pages)
        execute_process(COMMAND gzip -9nf \${pages} COMMAND_ERROR_IS_FATAL ANY)
    endif()
")
