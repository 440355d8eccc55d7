Feature: Console

  Scenario: An order that is placed elsewhere
    Given user is logged in
    When an order of "oolong" is placed by gRPC
    Then the order of "oolong" appears without a reload

  Scenario: Another user's order
    Given user is logged in
    When user opens the address of another user's order
    Then user is told that it is not found

  Scenario: A session revoked elsewhere
    Given user is logged in
    When the session is revoked elsewhere
    Then user is at the login page within a second

  Scenario: The Back button after logout
    Given user is logged in
    When user logs out and goes back
    Then user is on the login page, and has seen nothing

  Scenario: Keyboard only
    Given user is on the login page
    When user logs in, places an order of "sencha" and cancels it by keyboard alone
    Then the order is cancelled

  Scenario: Accessible everywhere
    Given user is logged in
    Then no page has a problem for axe, light or dark, at 320 pixels
