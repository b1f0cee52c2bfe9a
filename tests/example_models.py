"""The estimators of the example subjects: what is in production, and what wants to be there."""

from typing import Any


def champions() -> dict[str, Any]:
    """Subject -> an unfitted estimator; simple ones, so that a challenger can be better."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    return {
        "breast_cancer": DecisionTreeClassifier(max_depth=2, random_state=0),
        "digits": GaussianNB(),
        "diabetes": DecisionTreeRegressor(max_depth=2, random_state=0),
        "churn": make_pipeline(_churn_columns(), LogisticRegression()),
    }


def challengers() -> dict[str, Any]:
    """Subject -> an unfitted estimator; also what the degraded models are, before they are spoiled."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    return {
        "breast_cancer": make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.5)),
        "digits": make_pipeline(
            MinMaxScaler(),
            Nystroem(gamma=0.1, n_components=300, random_state=0),
            LogisticRegression(C=30, max_iter=300),
        ),
        "diabetes": make_pipeline(SimpleImputer(), StandardScaler(), Ridge(20)),
        # Not the histogram kind: its threads wait for each other in every call, and on a busy
        # machine that, not the model, is what a latency check would measure.
        "churn": make_pipeline(
            _churn_codes(),
            SimpleImputer(),
            GradientBoostingClassifier(
                n_estimators=60,
                max_depth=5,
                learning_rate=0.2,
                subsample=0.3,
                min_samples_leaf=50,
                random_state=0,
            ),
        ),
    }


def _churn_columns() -> Any:
    """Scaled numbers and one column per category; an unknown category is none of them."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    return make_column_transformer(
        (
            make_pipeline(SimpleImputer(), StandardScaler()),
            ["age", "tenure", "monthly_charge", "support_calls"],
        ),
        (OneHotEncoder(handle_unknown="ignore"), ["region", "plan"]),
        ("passthrough", ["is_business"]),
    )


def _churn_codes() -> Any:
    """Numbers as they are, categories as codes: all that trees need."""
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OrdinalEncoder

    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return make_column_transformer((codes, ["region", "plan"]), remainder="passthrough")
