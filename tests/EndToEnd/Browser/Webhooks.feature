Feature: Webhooks

  Scenario: An endpoint by keyboard
    Given user is logged in
    When user creates an endpoint for "order.placed" by keyboard
    Then its secret is shown once, and can be copied
    When user opens the endpoint by keyboard
    And 3 orders are placed
    Then their deliveries appear without a reload, and the secret verifies what was sent
    When user pauses, and an order is placed
    Then its delivery waits until user goes on

  Scenario: A delivery that fails
    Given user is logged in
    And user has an endpoint whose receiver answers 500
    When 1 order is placed
    And user opens the delivery by keyboard
    Then its attempt is there, with the answer as text
    When the receiver answers again, and user sends the delivery again
    Then it is delivered at the first attempt, under the same id
    And it is among the delivered, and no other

  Scenario: The life of an endpoint
    Given user is logged in
    And user has an endpoint
    When user edits and disables it
    Then it is disabled, and nothing is sent to it
    When user enables it, and sends a ping
    Then the ping is delivered
    When user makes a new secret
    Then its secret is shown once, and can be copied
    When user deletes it
    Then it is gone, and its address is not found

  Scenario: Another user's endpoint
    Given user is logged in
    Then user sees no endpoint of another user

  Scenario: The endpoints of others
    Given operator is logged in
    And user has an endpoint
    Then operator finds it by its owner, and those of everybody

  Scenario: Accessible webhooks
    Given user is logged in
    And user has an endpoint whose receiver answers 500
    When 1 order is placed
    Then the pages of webhooks have no problem for axe, light or dark, at 320 pixels
