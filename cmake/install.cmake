# cmake --install and cpack: what goes where.
include(GNUInstallDirs)

install(TARGETS rudeproxy RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES README.md CHANGELOG.md docs/MANUAL.md docs/API.md docs/FAULTS.md docs/SCENARIOS.md docs/openapi.json
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY config/recipes DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.ini)
