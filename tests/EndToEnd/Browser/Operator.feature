Feature: Operator

  Scenario: How the suite is doing
    Given operator is logged in
    Then every service is shown as healthy, with its requests

  Scenario: A service that hangs
    Given operator is logged in
    When orders hangs
    Then the dashboard says that nothing is heard of orders
    And it is healthy again when it goes on

  Scenario: Not for users
    Given user is logged in
    Then there is nothing of the suite for user

  Scenario: Accessible for operators
    Given operator is logged in
    Then the operator's pages have no problem for axe, light or dark, at 320 pixels
