Feature: Login

  Scenario: Valid login
    Given user is on the login page
    When user enters valid credentials
    Then user should see the dashboard

  Scenario: Wrong password
    Given user is on the login page
    When user enters a wrong password
    Then user is told what a user who does not exist is told
